import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { concat, filter, firstValueFrom, NEVER, of, share } from 'rxjs';
import { Client, credentials, logVerbosity, Metadata, setLogVerbosity } from '@grpc/grpc-js';
import { createCoordinator } from '../../src/coordinator.js';
import { grpcGateway, tailnetService } from '../../src/gateways/index.js';
import { requests } from '../../src/proto/index.js';
import { alice, bob, eve, memoryDatabase, testPeer } from '../../src/testing/index.js';
import { protobufRequests } from './seeds.js';
import type { ServingTarget } from './serving.js';

/** Milliseconds that a socket may stay open with nothing said, and that anything may take. */
const [silence, patience] = [20, 10_000];

/**
 * A gRPC gateway in front of a coordinator, and somebody who sends it a stream of bytes: frames of HTTP/2 with calls in
 * them, or what has become of such. Nothing fails, nothing is left behind, and Alice and Bob hear of each other all the
 * time, Bob by way of the same gateway.
 */
export const openCalling = async (): Promise<ServingTarget> => {
  // It says of each entry of metadata on standard error what is wrong with it.
  setLogVerbosity(logVerbosity.NONE);
  const complaints: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => void complaints.push(line) });
  const coordinator = createCoordinator({ database: memoryDatabase(), logger });
  await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
  const limits = { handshakeTimeout: patience, closeTimeout: silence };
  const events$ = grpcGateway(coordinator, { port: 0, limits }).pipe(share());
  const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
  let open = 0;
  let wasEveThere = false;
  const serving = events$.subscribe((event) => {
    if (event.kind === 'opened') {
      open++;
      wasEveThere ||= event.peerId === eve;
    }
    if (event.kind === 'closed') open--;
    // Who is turned away by a fault of theirs is none of ours.
    if (event.kind === 'failed' || (event.kind === 'rejected' && event.error !== undefined)) {
      complaints.push(JSON.stringify(event));
    }
  });
  const { hostname, port, host } = new URL((await listening).url);

  const alices = testPeer(coordinator, alice);
  alices.addTunnel(bob);
  const client = new Client(host, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('x-peer-id', bob);
  const { path, requestSerialize, responseDeserialize } = tailnetService.coordinate;
  const bobs = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  bobs.on('error', (error) => void complaints.push(`Bob was cut off: ${error.message}`));
  bobs.resume();

  let rounds = 0;
  const checkSurroundings = async (): Promise<void> => {
    bobs.write(requests.updateSelf({ preferredDerp: ++rounds }));
    await alices.eventuallyHasDerp(bob, rounds);
    assert.deepEqual(complaints, []);
  };

  let sent = 0;
  const check = async (input: Buffer): Promise<void> => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    socket.setTimeout(silence, () => socket.destroy());
    socket.resume();
    socket.write(input);
    await closed;
    if (rounds < ++sent / 25) await checkSurroundings();
  };

  const close = async (): Promise<void> => {
    serving.unsubscribe();
    client.close();
    await coordinator.close();
  };

  return {
    name: 'calling',
    seeds: protobufRequests.flatMap((bytes) => [session(call(bytes)), session(call(bytes, { isLast: true }))]),
    check,
    end: async () => {
      await checkSurroundings();
      // Bob has not gone, and everybody else has.
      const gone$ = concat(of(undefined), events$, NEVER);
      await firstValueFrom(gone$.pipe(filter(() => open === 1)));
      assert(wasEveThere, 'some inputs are calls that are let in');
      bobs.removeAllListeners('error').on('error', () => undefined);
      await close();
    },
    [Symbol.asyncDispose]: close,
  };
};

const frameTypes = { data: 0, headers: 1, settings: 4 } as const;
const [endStream, endHeaders] = [1, 4];

/** All that a client says: the greeting of HTTP/2, its settings, and then frames. */
const session = (...frames: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.settings, 0, 0), ...frames]);

/** A call of Eve's, with one request. */
const call = (request: Uint8Array, { isLast = false } = {}): Buffer => {
  const message = Buffer.alloc(5);
  message.writeUInt32BE(request.length, 1);
  return Buffer.concat([
    frame(frameTypes.headers, endHeaders, 1, headers),
    frame(frameTypes.data, isLast ? endStream : 0, 1, Buffer.concat([message, request])),
  ]);
};

const frame = (type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** Each in the plainest way that there is in HPACK: a literal, by name and value, that is not kept. */
const headers = Buffer.concat(
  Object.entries({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': tailnetService.coordinate.path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '5S',
    'x-peer-id': eve,
  }).flatMap((entry) => [Buffer.of(0), ...entry.flatMap((text) => [Buffer.of(text.length), Buffer.from(text)])]),
);
