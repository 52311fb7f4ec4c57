import assert from 'node:assert/strict';
import { once } from 'node:events';
import { pino } from 'pino';
import { concat, filter, firstValueFrom, from, mergeMap, NEVER, ReplaySubject, share, skipWhile, timeout } from 'rxjs';
import { WebSocket } from 'ws';
import { createCoordinator } from '../../src/coordinator.js';
import {
  encodeNode,
  parseRequest,
  PeerUpdateKind,
  requestFromBytes,
  requestFromJson,
  requests,
  type CoordinateRequest,
  type CoordinateResponse_PeerUpdate,
  type ParsedRequest,
} from '../../src/proto/index.js';
import { aNode, alice, bob, carol, eve, memoryDatabase, testPeer } from '../../src/testing/index.js';
import { webSocketGateway } from '../../src/gateways/index.js';
import { jsonRequests, protobufRequests } from './seeds.js';
import type { Target } from './target.js';

/** A target that holds something, until it is disposed of. */
export interface ServingTarget extends Target, AsyncDisposable {
  /** Says after all inputs whether what surrounds it is well, and disposes of it. */
  readonly end: () => Promise<void>;
}

/** The first byte of an input: whether JSON was agreed on, and whether the frame is a text frame. */
const [json, text] = [1, 2];

/** Milliseconds to wait for what Carol is told, on a slow machine. */
const patience = 10_000;

/**
 * A gateway in front of a coordinator, and Eve, who sends it one frame each time she connects. Her connection goes on or
 * ends with the code that is documented; Carol, who shares a tunnel with her, is told exactly what Eve published; and
 * Alice and Bob hear of each other all the time.
 */
export const openServing = async (): Promise<ServingTarget> => {
  const complaints: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => void complaints.push(line) });
  const coordinator = createCoordinator({ database: memoryDatabase(), logger });
  await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
  const events$ = webSocketGateway(coordinator, { port: 0 }).pipe(share());
  const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
  const serving = events$.subscribe(({ kind, ...details }) => {
    if (kind === 'failed' || kind === 'rejected') complaints.push(JSON.stringify({ kind, ...details }));
  });
  const { url } = await listening;
  const [alices, bobs] = [testPeer(coordinator, alice), testPeer(coordinator, bob)];
  const asked$ = from([requests.addTunnel(eve), requests.updateSelf(aNode({ of: carol }))]);
  const ofEve$ = coordinator.coordinate$(carol, concat(asked$, NEVER)).pipe(
    mergeMap(({ peerUpdates }) => peerUpdates),
    share(),
  );
  const watching = ofEve$.subscribe();
  alices.addTunnel(bob);
  let rounds = 0;

  const checkSurroundings = async (): Promise<void> => {
    bobs.updateDerp(++rounds);
    await alices.eventuallyHasDerp(bob, rounds);
    assert.deepEqual(complaints, []);
  };

  const check = async (input: Buffer): Promise<void> => {
    const [how = 0, frame] = [input[0], input.subarray(1)];
    const isJson = (how & json) !== 0;
    const isText = (how & text) !== 0;
    const told$ = new ReplaySubject<CoordinateResponse_PeerUpdate>();
    const telling = ofEve$.subscribe(told$);
    const isNode = ({ kind }: CoordinateResponse_PeerUpdate) => kind === PeerUpdateKind.NODE;
    const gone = firstValueFrom(events$.pipe(filter(({ kind }) => kind === 'closed')));
    const socket = new WebSocket(`${url}?id=${eve}`, [isJson ? 'tailnet.v2.json' : 'tailnet.v2.proto']);
    socket.on('error', () => undefined);
    const closed = once(socket, 'close') as Promise<[number]>;
    await once(socket, 'open');
    // A pong says that what was sent before was taken.
    const goesOn = once(socket, 'pong').then(() => 'goes on');
    socket.send(frame, { binary: !isText });
    socket.ping();
    const outcome = await Promise.race([goesOn, closed.then(([code]) => code)]);
    const { code, request } = expected(frame, isJson, isText);
    const node = request?.disconnect === false ? request.node : undefined;
    const told = node && (await firstValueFrom(told$.pipe(filter(isNode), timeout(patience))));
    socket.terminate();
    await closed;
    await gone;
    // Nobody is told of this connection when she is back.
    if (told) await firstValueFrom(told$.pipe(skipWhile(isNode), timeout(patience)));
    telling.unsubscribe();
    assert.equal(outcome, code);
    assert.deepEqual(told?.node && encodeNode(told.node), node && encodeNode(node));
    if (rounds < ++served / 50) await checkSurroundings();
  };
  let served = 0;

  const close = async (): Promise<void> => {
    watching.unsubscribe();
    serving.unsubscribe();
    await coordinator.close();
  };

  return {
    name: 'serving',
    seeds: [
      ...protobufRequests.map((bytes) => Buffer.concat([Buffer.of(0), bytes])),
      ...jsonRequests.map((bytes) => Buffer.concat([Buffer.of(json | text), bytes])),
    ],
    check,
    end: async () => {
      await checkSurroundings();
      await close();
    },
    [Symbol.asyncDispose]: close,
  };
};

/** With which code a frame ends its connection, as documented, or what it asks for. */
const expected = (
  frame: Buffer,
  isJson: boolean,
  isText: boolean,
): { readonly code: number | 'goes on'; readonly request?: ParsedRequest } => {
  if (isText && !Buffer.from(frame.toString('utf8')).equals(frame)) return { code: 1007 };
  if (isJson !== isText) return { code: 1003 };
  let request: CoordinateRequest;
  try {
    request = isJson ? requestFromJson(frame.toString('utf8')) : requestFromBytes(new Uint8Array(frame));
  } catch {
    return { code: 1007 };
  }
  try {
    const parsed = parseRequest(request);
    if (request.updateSelf && !request.updateSelf.node) return { code: 1008 };
    return { code: parsed.disconnect ? 1000 : 'goes on', request: parsed };
  } catch {
    return { code: 1008 };
  }
};
