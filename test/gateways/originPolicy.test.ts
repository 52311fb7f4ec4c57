import { expect } from 'chai';
import { hostPolicy, originPolicy } from '../../src/gateways/originPolicy.js';

/** Whether a page of this origin may send a request to this host. */
const mayCome = (origins: readonly string[], origin: string | undefined, host = 'coordinator.example:7350'): boolean =>
  originPolicy(origins)({ ...(origin !== undefined && { origin }), host });

describe('originPolicy', () => {
  it('does not ask who sends no Origin, as programs do that are no browsers', () => {
    expect(mayCome([], undefined)).to.equal(true);
  });

  describe('with no list', () => {
    for (const [origin, host] of [
      ['http://127.0.0.1:7350', '127.0.0.1:7350'],
      ['http://localhost:7350', 'localhost:7350'],
      ['http://LOCALHOST:7350', 'Localhost:7350'],
      ['http://[::1]:7350', '[::1]:7350'],
      ['http://[0:0::1]:7350', '[::1]:7350'],
      ['http://10.1.2.3', '10.1.2.3'],
      ['http://10.1.2.3', '10.1.2.3:80'],
      ['https://10.1.2.3', '10.1.2.3:443'],
    ] as const) {
      it(`lets the server's own pages in: ${origin} at ${host}`, () => {
        expect(mayCome([], origin, host)).to.equal(true);
      });
    }

    for (const [why, origin, host] of [
      ['a stranger', 'https://evil.example', '127.0.0.1:7350'],
      ['another port', 'http://127.0.0.1:3000', '127.0.0.1:7350'],
      ['another address', 'http://127.0.0.2:7350', '127.0.0.1:7350'],
      ['localhost is not an address', 'http://localhost:7350', '127.0.0.1:7350'],
      ['the port of another scheme', 'https://10.1.2.3', '10.1.2.3:80'],
      ['a name that may have been made to point here', 'http://evil.example:7350', 'evil.example:7350'],
      ['a name that only looks like localhost', 'http://localhost.evil.example:7350', 'localhost.evil.example:7350'],
      ['a page without an origin', 'null', '127.0.0.1:7350'],
      ['nothing', '', '127.0.0.1:7350'],
      ['two', 'http://127.0.0.1:7350, https://evil.example', '127.0.0.1:7350'],
      ['a user', 'http://127.0.0.1:7350@evil.example', '127.0.0.1:7350'],
      ['a path', 'http://127.0.0.1:7350/', '127.0.0.1:7350'],
      ['no URL', '127.0.0.1:7350', '127.0.0.1:7350'],
      ['a host with more behind it', 'http://127.0.0.1:7350', '127.0.0.1:7350/x'],
    ] as const) {
      it(`keeps out ${why}: ${JSON.stringify(origin)} at ${host}`, () => {
        expect(mayCome([], origin, host)).to.equal(false);
      });
    }

    it('keeps out whoever says no host', () => {
      expect(originPolicy([])({ origin: 'http://127.0.0.1:7350' })).to.equal(false);
    });

    it('looks at what old drafts called the header', () => {
      expect(originPolicy([])({ 'sec-websocket-origin': 'https://evil.example' })).to.equal(false);
      expect(originPolicy(['*'])({ 'sec-websocket-origin': ['https://a.example', 'https://b.example'] })).to.equal(
        false,
      );
    });
  });

  describe('with a list', () => {
    for (const [entry, origin] of [
      ['https://app.example', 'https://app.example'],
      ['https://app.example', 'https://app.example:443'],
      ['https://app.example:443', 'https://app.example'],
      ['https://app.example/', 'https://app.example'],
      ['HTTPS://App.Example', 'https://app.example'],
      [' https://app.example ', 'https://app.example'],
      ['https://app.example', 'https://APP.example'],
      ['http://app.example:8080', 'http://app.example:8080'],
      ['https://bücher.example', 'https://xn--bcher-kva.example'],
      ['https://*.app.example', 'https://a.app.example'],
      ['https://*.app.example', 'https://b.a.app.example'],
      ['https://*.app.example:8443', 'https://a.app.example:8443'],
      ['http://localhost:*', 'http://localhost:5173'],
      ['http://localhost:*', 'http://localhost'],
      ['http://[::1]:*', 'http://[::1]:5173'],
      ['https://*.app.example:*', 'https://a.app.example:5173'],
      ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
      ['null', 'null'],
      ['NULL', 'null'],
      ['*', 'https://evil.example'],
      ['*', 'null'],
    ] as const) {
      it(`lets ${origin} in for ${entry}`, () => {
        expect(mayCome([entry], origin)).to.equal(true);
      });
    }

    for (const [entry, origin] of [
      ['https://app.example', 'http://app.example'],
      ['https://app.example', 'https://app.example:8443'],
      ['https://app.example', 'https://app.example.evil.example'],
      ['https://app.example', 'https://a.app.example'],
      ['https://app.example', 'https://appxexample'],
      ['https://app.example', 'null'],
      ['https://*.app.example', 'https://app.example'],
      ['https://*.app.example', 'https://.app.example'],
      ['https://*.app.example', 'https://evilapp.example'],
      ['https://*.app.example', 'https://a.app.example:8443'],
      ['https://*.app.example', 'https://a.app.example.evil.example'],
      ['http://localhost:*', 'http://localhost.evil.example'],
      ['http://localhost:*', 'https://localhost'],
      ['null', 'https://null'],
    ] as const) {
      it(`keeps ${origin} out for ${entry}`, () => {
        expect(mayCome([entry], origin)).to.equal(false);
      });
    }

    it('lets in who is on it anywhere, and still the own pages', () => {
      const origins = ['https://one.example', 'https://two.example'];
      expect(mayCome(origins, 'https://two.example')).to.equal(true);
      expect(mayCome(origins, 'http://127.0.0.1:7350', '127.0.0.1:7350')).to.equal(true);
      expect(mayCome(origins, 'https://three.example')).to.equal(false);
    });

    for (const entry of [
      '',
      'app.example',
      'https://',
      'https://app.example/path',
      'https://a.*.example',
      'wss://a.example',
      'https://user@a.example',
      'https://a.example?b',
      'https://*',
      '**',
    ]) {
      it(`is refused at once when ${JSON.stringify(entry)} is on it`, () => {
        expect(() => originPolicy([entry])).to.throw(
          TypeError,
          `not an origin: ${JSON.stringify(entry)}; it looks like https://app.example.com, https://*.example.com, http://localhost:*, null or *`,
        );
      });
    }
  });
});

describe('hostPolicy', () => {
  for (const [host, expected] of [
    ['127.0.0.1:7350', true],
    ['10.1.2.3', true],
    ['[::1]:7350', true],
    ['localhost:7350', true],
    ['LOCALHOST', true],
    ['evil.example:7350', false],
    ['localhost.evil.example', false],
    ['', false],
    ['127.0.0.1@evil.example', false],
    [undefined, false],
  ] as const) {
    it(`${expected ? 'takes' : 'does not take'} ${host ?? 'no host'}`, () => {
      expect(hostPolicy([])(host === undefined ? {} : { host })).to.equal(expected);
    });
  }

  it('takes the names of listed origins, with or without TLS in between', () => {
    const takes = hostPolicy(['https://dashboard.example', 'http://*.mesh.example:*']);
    expect(takes({ host: 'dashboard.example' })).to.equal(true);
    expect(takes({ host: 'a.mesh.example:7350' })).to.equal(true);
    expect(takes({ host: 'other.example' })).to.equal(false);
    expect(hostPolicy(['*'])({ host: 'other.example' })).to.equal(true);
  });
});
