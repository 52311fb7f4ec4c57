import { expect } from 'chai';
import { closeCodeOf, closeCodeOfViolation, closeReason } from '../../src/gateways/closeCode.js';

describe('closeCodeOf', () => {
  const table: readonly (readonly [error: string, code: number])[] = [
    ['', 1000],
    ['coordinator closed', 1001],
    ['coordinator unhealthy', 1013],
    ['peer ID overwritten by new connection', 4409],
    ['internal coordinator error', 1011],
    ['authorization: agents cannot open tunnels', 1008],
    ['update_self node is required', 1008],
    ['tunnel destination must not be the nil UUID', 1008],
    ['you do not share a tunnel with "8d6a0c4e-0000-4000-8000-000000000001"', 1000],
  ];
  for (const [error, code] of table) {
    it(`closes with ${String(code)} after ${error === '' ? 'no error' : `"${error}"`}`, () => {
      expect(closeCodeOf(error)).to.equal(code);
    });
  }
});

describe('closeCodeOfViolation', () => {
  const table: readonly (readonly [error: string | undefined, code: number])[] = [
    ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
    ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
    ['WS_ERR_INVALID_UTF8', 1007],
    ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
    ['WS_ERR_INVALID_OPCODE', 1002],
    ['ECONNRESET', 1006],
    [undefined, 1006],
  ];
  for (const [code, expected] of table) {
    it(`takes ${String(code)} for ${String(expected)}`, () => {
      expect(closeCodeOfViolation(Object.assign(new Error('violation'), { code }))).to.equal(expected);
    });
  }
});

describe('closeReason', () => {
  it('keeps what fits into a close frame', () => {
    expect(closeReason('x'.repeat(123))).to.equal('x'.repeat(123));
  });

  it('cuts at 123 bytes', () => {
    expect(closeReason('x'.repeat(124))).to.equal('x'.repeat(123));
  });

  it('never cuts a character in two', () => {
    expect(closeReason(`${'x'.repeat(122)}€`)).to.equal('x'.repeat(122));
    expect(closeReason(`${'x'.repeat(120)}€`)).to.equal(`${'x'.repeat(120)}€`);
  });
});
