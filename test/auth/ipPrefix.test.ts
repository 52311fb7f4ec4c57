import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatIpAddress, parseIpPrefix } from '../../src/auth/ipPrefix.js';

/** The canonical text of an address by way of its bytes, if it is one. */
function canonical(address: string): string | undefined {
  const prefix = parseIpPrefix(`${address}/0`);
  return prefix && formatIpAddress(prefix.address);
}

/** What the URL standard makes of an IPv6 address. */
const asInUrl = (address: string) => new URL(`http://[${address}]/`).hostname.slice(1, -1);

describe('IP prefixes', () => {
  const canonicalForms: Record<string, string> = {
    'FD7A:115C:A1E0::1': 'fd7a:115c:a1e0::1',
    'fd7a:115c:a1e0:0000:0008:0800:200c:417a': 'fd7a:115c:a1e0:0:8:800:200c:417a',
    '0:0:0:0:0:0:0:0': '::',
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:0:0:2:0:0:3:4': '1::2:0:0:3:4',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '1::2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '::ffff:1.2.3.4': '::ffff:1.2.3.4',
    '::ffff:102:304': '::ffff:1.2.3.4',
    '64:ff9b::1.2.3.4': '64:ff9b::102:304',
    '1:2:3:4:5:6:1.2.3.4': '1:2:3:4:5:6:102:304',
    '100.64.0.1': '100.64.0.1',
    '0.0.0.0': '0.0.0.0',
  };
  for (const [text, expected] of Object.entries(canonicalForms)) {
    it(`hold ${text} as ${expected}`, () => {
      expect(canonical(text)).to.equal(expected);
    });
  }

  it('have as many bits as they say', () => {
    expect(parseIpPrefix('::1/128')).to.include({ bits: 128 });
    expect(parseIpPrefix('::1/0')).to.include({ bits: 0 });
    expect(parseIpPrefix('1.2.3.4/32')).to.include({ bits: 32 });
    expect(parseIpPrefix('::ffff:1.2.3.4/128')).to.include({ bits: 128 });
  });

  it('are read from the longest text that one can have', () => {
    expect(parseIpPrefix('0000:0000:0000:0000:0000:ffff:255.255.255.255/128')).to.include({ bits: 128 });
  });

  const malformed = [
    ...['', '/', '/128', '::1', '::1/', '::1/129', '::1/-1', '::1/+1', '::1/01', '::1/1e1', '::1/ 1', '::1/128/128'],
    ...['1.2.3.4/33', '1.2.3/32', '1.2.3.4.5/32', '1.2.3.256/32', '01.2.3.4/32', '1.2.3.4 /32', '0x1.2.3.4/32', '/32'],
    ...[':/128', ':::/128', '1:::2/128', '1::2::3/128', ':1:2:3:4:5:6:7/128', '1:2:3:4:5:6:7:/128', '::1:/128'],
    ...['1:2:3:4:5:6:7/128', '1:2:3:4:5:6:7:8:9/128', '1:2:3:4::5:6:7:8/128', '12345::/128', 'g::/128', '::-1/128'],
    ...['fe80::1%eth0/128', '::1%/128', '[::1]/128', ' ::1/128', '::1/128\n', '١::/128', '::1.2.3.4:5/128'],
    ...['::1.2.3/128', '::01.2.3.4/128', '1.2.3.4::/128', '1:2:3:4:5:6:7:1.2.3.4/128', '::ffff:1.2.3.256/128'],
  ];
  for (const text of malformed) {
    it(`are not read from ${JSON.stringify(text)}`, () => {
      expect(parseIpPrefix(text)).to.equal(undefined);
    });
  }

  it('are not read from a text of millions of characters', () => {
    for (const text of ['1:'.repeat(5_000_000), '1.'.repeat(5_000_000), `::1/${'1'.repeat(5_000_000)}`]) {
      expect(parseIpPrefix(text)).to.equal(undefined);
    }
  });

  it('hold every IPv6 address as the URL standard writes it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), sparseIpv6), (text) => {
        const expected = asInUrl(text);
        // URLs write an embedded IPv4 address in hexadecimal digits; reading those again must lead to the same text.
        expect(canonical(text)).to.equal(expected.startsWith('::ffff:') ? canonical(expected) : expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('are read from exactly the addresses that Node takes, but for zones', () => {
    const nearly = fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '::', '.', '255', '%'), maxLength: 16 });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV6(), fc.ipV4()), (text) => {
        expect(canonical(text) !== undefined).to.equal(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });
});

/** Addresses with many zeros, where the forms differ most. */
const sparseIpv6 = fc
  .array(fc.constantFrom('0', '0', '0', '1', 'ffff', '0a'), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(':'));
