import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { closeCodes } from '../../src/gateways/closeCode.js';
import { statusOfClosing } from '../../src/gateways/grpcStatus.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { requestFromJson, requestToJson, responseFromJson, responseToJson } from '../../src/proto/json.js';
import { fencesOf, textOf } from './markdown.js';

const file = 'docs/protocol.md';

describe('the protocol as it is documented', () => {
  const messages = fencesOf(file).filter(({ language }) => language === 'json');

  for (const { place, marks, text } of messages) {
    it(`has a message that is read and written like that: ${place}`, () => {
      const again = marks.includes('request')
        ? requestToJson(requestFromJson(text))
        : responseToJson(responseFromJson(text));
      expect(JSON.parse(again)).to.deep.equal(JSON.parse(text));
    });
  }

  it('has examples of both directions', () => {
    expect(new Set(messages.flatMap(({ marks }) => marks))).to.deep.equal(new Set(['request', 'response']));
  });

  it('has all close codes', () => {
    const [, section = ''] = textOf(file).split('\n### Close codes\n');
    const listed = [...section.matchAll(/^\| `(\d+)`/gm)].map(([, code]) => Number(code));
    expect(listed).to.deep.equal(Object.values(closeCodes).sort((a, b) => a - b));
  });

  it('has all statuses of gRPC, each with the codes that lead to it', () => {
    const [, section = ''] = textOf(file).split('\n### Statuses\n');
    const rows = [...section.matchAll(/^\| `([A-Z_]+)` *\| ([^|]*)\|/gm)];
    const listed = new Set(
      rows.flatMap(([, name = '', codes = '']) => codes.match(/\d+/g)?.map((code) => `${code} ${name}`) ?? []),
    );
    // What says why is text, but for what is refused.
    const reasons = ['', 'authorization: no', 'token expired', 'too many tunnels: at most 1'];
    for (const code of Object.values(closeCodes)) {
      // Of WebSockets only.
      if (code === closeCodes.protocolError || code === closeCodes.wrongFrameKind) continue;
      for (const reason of code === closeCodes.refused ? reasons : ['']) {
        expect(listed).to.include(`${String(code)} ${status[statusOfClosing(code, reason).code] ?? ''}`);
      }
    }
    expect(rows.every(([, name = '']) => name in status)).to.equal(true);
  });

  it('has all subprotocols', () => {
    const listed = [...textOf(file).matchAll(/^\| `(tailnet\.v2\.\w+)`/gm)].map(([, name]) => name);
    expect(listed).to.deep.equal(subprotocolNames);
  });
});
