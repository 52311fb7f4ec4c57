import { expect } from 'chai';
import { of } from 'rxjs';
import { WebSocket as UndiciWebSocket } from 'undici';
import { browserWebSocketTransport, type BrowserWebSocket } from '../../src/client/browserWebSocketTransport.js';
import { grpcTransport } from '../../src/client/grpc.js';
import { tailnetClient$, webSocketTransport } from '../../src/client/index.js';
import { alice } from '../../src/testing/index.js';

/** What is said about options that are wrong. */
const complaint = (options: object): string => {
  try {
    tailnetClient$({ url: 'ws://127.0.0.1:7350', id: alice, node$: of({}), ...options });
  } catch (error) {
    return String(error);
  }
  return '';
};

const example = 'one looks like ws://127.0.0.1:7350/api/v2/coordinate';

const untrimmed =
  'TypeError: token is empty, or has a space, a line end or what else no token has: trim what a file says';

const wrong: readonly (readonly [object, string])[] = [
  [
    { url: 'http://a.example/x?token=secret' },
    `TypeError: url: "http://a.example/x" is no URL of a coordinator: ${example}`,
  ],
  [{ url: 'nonsense?token=secret' }, `TypeError: url: "nonsense?…" is no URL of a coordinator: ${example}`],
  [{ url: undefined }, `TypeError: url is required: ${example}`],
  [
    { transport: grpcTransport() },
    'TypeError: url: "ws://127.0.0.1:7350/" is no URL of a coordinator: one looks like grpc://127.0.0.1:7351',
  ],
  [{ id: 'alice' }, 'TypeError: id: "alice" is no UUID'],
  [{ id: undefined }, 'TypeError: id: undefined is no UUID'],
  [{ agentId: 'bob' }, 'TypeError: agentId: "bob" is no UUID'],
  [{ role: 'king' }, 'TypeError: role: "king" is none: there are peer, agent and client'],
  [{ token: 7 }, 'TypeError: token is neither a string nor a function'],
  [{ token: 'secret\n' }, untrimmed],
  [{ token: '' }, untrimmed],
  [{ node$: {} }, 'TypeError: node$ is no Observable'],
  [{ tunnels$: [alice] }, 'TypeError: tunnels$ is no Observable'],
  [{ goodbye$: 'now' }, 'TypeError: goodbye$ is no Observable'],
  [{ reconnect$: null }, 'TypeError: reconnect$ is no Observable'],
  [{ readyForHandshake: 'yes' }, 'TypeError: readyForHandshake is neither true, false nor an Observable'],
  [{ lostGrace: -1 }, 'RangeError: lostGrace: -1 is no number of milliseconds from 0'],
  [{ lostGrace: NaN }, 'RangeError: lostGrace: NaN is no number of milliseconds from 0'],
  [{ goodbyePatience: '5s' }, 'RangeError: goodbyePatience: 5s is no number of milliseconds from 0 to 2147483647'],
  [{ backoff: { initial: -5 } }, 'RangeError: backoff.initial: -5 is no number of milliseconds from 0 to 2147483647'],
  // A timer of 31 bits would end at once, and the client connect again and again.
  [
    { backoff: { max: Infinity } },
    'RangeError: backoff.max: Infinity is no number of milliseconds from 0 to 2147483647',
  ],
  [{ backoff: { max: -5 } }, 'RangeError: backoff.max: -5 is no number of milliseconds from 0 to 2147483647'],
];

const inBrowser = (options: object) => browserWebSocketTransport(() => UndiciWebSocket as BrowserWebSocket, options);

/** Timers that would end at once, or that never end. */
const wrongTransports: readonly (readonly [() => unknown, string])[] = [
  [
    () => webSocketTransport({ silence: Infinity }),
    'silence: Infinity is no number of milliseconds from 1 to 2147483647',
  ],
  [() => webSocketTransport({ silence: 0 }), 'silence: 0 is no number of milliseconds from 1 to 2147483647'],
  [() => grpcTransport({ silence: NaN }), 'silence: NaN is no number of milliseconds from 1 to 2147483647'],
  ...[webSocketTransport, grpcTransport, inBrowser].map(
    (transport) =>
      [
        () => transport({ handshakeTimeout: 2 ** 31 }),
        'handshakeTimeout: 2147483648 is no number of milliseconds from 1 to 2147483647',
      ] as const,
  ),
];

describe('the options of a client', () => {
  for (const [create, text] of wrongTransports) {
    it(`are refused by its transport: ${text}`, () => {
      expect(create).to.throw(RangeError, text);
    });
  }

  for (const [options, text] of wrong) {
    it(`are refused at once: ${text}`, () => {
      expect(complaint(options)).to.equal(text);
    });
  }

  it('may be as they are', () => {
    expect(complaint({ url: new URL('wss://a.example'), lostGrace: Infinity, role: 'agent' })).to.equal('');
  });

  for (const name of ['tls', 'headers', 'silence'] as const) {
    it(`refuse ${name} in a browser, which decides that by itself`, () => {
      expect(() => browserWebSocketTransport(() => UndiciWebSocket as BrowserWebSocket, { [name]: {} })).to.throw(
        TypeError,
        `${name}: a browser decides that by itself`,
      );
    });
  }
});
