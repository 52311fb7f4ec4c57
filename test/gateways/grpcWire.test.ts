import { expect } from 'chai';
import { concat, distinctUntilChanged, ignoreElements, map, NEVER, Subject, tap } from 'rxjs';
import type { SchedulerLike, Observable } from 'rxjs';
import { peerAuth } from '../../src/auth/peerAuth.js';
import type { Coordinator } from '../../src/api.js';
import { defaultGrpcLimits } from '../../src/gateways/index.js';
import type { GatewayEvent, GrpcLimits } from '../../src/gateways/index.js';
import { GrpcWire } from '../../src/gateways/grpcWire.js';
import { peerConnection } from '../../src/gateways/peerConnection.js';
import { protobufCodec } from '../../src/gateways/protobufCodec.js';
import { SendingTurns } from '../../src/gateways/sendingTurns.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { errorResponse } from '../../src/proto/responses.js';
import { alice, marbles } from '../../src/testing/index.js';
import { response } from './gatewayFixture.js';
import { ScriptedCall } from './scriptedCall.js';

type Coordinate = Coordinator['coordinate$'];

/** A connection over a call. */
const connectionOf = (
  call: ScriptedCall,
  coordinate$: Coordinate,
  scheduler: SchedulerLike,
  limits: Partial<GrpcLimits> = {},
): Observable<GatewayEvent> => {
  const complete = { ...defaultGrpcLimits, ...limits };
  return peerConnection(
    { coordinator: { coordinate$ }, limits: complete, scheduler, turns: new SendingTurns(scheduler) },
    {
      identity: { id: alice, name: 'Alice', role: 'peer', auth: peerAuth() },
      ...{ remoteAddress: '', protocol: 'grpc', codec: protobufCodec },
      open: (listener) => new GrpcWire(call.asCall, complete, scheduler, listener, () => undefined),
    },
  );
};

const derpOf = ({ updateSelf }: CoordinateRequest): string => String(updateSelf?.node?.preferredDerp);
const reasonOf = (data: Buffer): string => {
  const { peerUpdates, error } = CoordinateResponse.decode(data);
  return peerUpdates[0]?.reason ?? error;
};
const request = (derp: number): Buffer =>
  Buffer.from(CoordinateRequest.encode(requests.updateSelf({ preferredDerp: derp })).finish());

/** A coordinator that only listens. */
const listening = () => {
  const heard$ = new Subject<CoordinateRequest>();
  const coordinate$: Coordinate = (_id, requests$ = NEVER) => requests$.pipe(tap(heard$), ignoreElements());
  return { heard$: heard$.pipe(map(derpOf)), coordinate$ };
};

const kinds = (events$: Observable<GatewayEvent>) =>
  events$.pipe(map((event) => (event.kind === 'closed' ? String(event.code) : event.kind)));

describe('the bridge between a gRPC call and Observables', () => {
  it(
    'turns messages into requests, and the end of them into completion',
    marbles(({ hot, scheduler, expectObservable }) => {
      const call = new ScriptedCall();
      const { heard$, coordinate$ } = listening();
      hot('               -1--2---|', { 1: request(1), 2: request(2) }).subscribe({
        next: (message) => call.emit('data', message),
        complete: () => call.emit('end'),
      });
      expectObservable(heard$).toBe('          -1--2---|');
      expectObservable(call.ended$).toBe('     --------o', { o: { code: 0, details: '' } });
      connectionOf(call, coordinate$, scheduler).subscribe();
    }),
  );

  it(
    'does not read until somebody listens, nor while too much was read',
    marbles(({ hot, cold, scheduler, expectObservable }) => {
      const call = new ScriptedCall();
      const heard$ = new Subject<CoordinateRequest>();
      const coordinate$: Coordinate = (_id, requests$ = NEVER) =>
        concat(cold('--|'), requests$.pipe(tap(heard$))).pipe(ignoreElements());
      hot('                     ----123', { 1: request(1), 2: request(2), 3: request(3) }).subscribe((message) =>
        call.emit('data', message),
      );
      // Two at once, then ten in a second: the third is paid for with two tenths of a second.
      const limits = { requestsPerSecond: 10, requestBurst: 2 };
      const flows$ = call.flows$.pipe(
        map((flows) => (flows ? 'f' : 'p')),
        distinctUntilChanged(),
      );
      const events$ = connectionOf(call, coordinate$, scheduler, limits);
      expectObservable(events$.pipe(map(({ kind }) => kind))).toBe('o', { o: 'opened' });
      expectObservable(flows$).toBe('         p-f---p 197ms f');
      expectObservable(heard$.pipe(map(derpOf))).toBe('----123');
    }),
  );

  it(
    'turns responses into messages, and is not ready while too many wait to be sent',
    marbles(({ cold, scheduler, expectObservable }) => {
      const call = new ScriptedCall();
      const ready$ = new Subject<boolean>();
      const coordinate$: Coordinate = (_id, _requests$, options) => {
        options?.ready$?.subscribe(ready$);
        return cold('                        --a-b---c', { a: response('a'), b: response('b'), c: response('c') });
      };
      cold('                                 ------f--f').subscribe(() => {
        call.flush();
      });
      const limits = { highWaterMark: 60 };
      expectObservable(call.written$.pipe(map(reasonOf))).toBe('--a-b---c');
      expectObservable(ready$.pipe(map((is) => (is ? 'y' : 'n')))).toBe('y---n-y');
      // The first state is said at once, when all that looks has begun to.
      scheduler.schedule(() => connectionOf(call, coordinate$, scheduler, limits).subscribe());
    }),
  );

  it(
    'says why before it ends, and waits for the other end to have read it',
    marbles(({ cold, scheduler, expectObservable }) => {
      const call = new ScriptedCall();
      const coordinate$: Coordinate = () => cold('--(e|)', { e: errorResponse('coordinator closed') });
      cold('                                      -------c').subscribe(() => call.emit('cancelled'));
      expectObservable(call.written$.pipe(map(reasonOf))).toBe('--e', { e: 'coordinator closed' });
      expectObservable(call.ended$).toBe('                      --u', {
        u: { code: 14, details: 'coordinator closed' },
      });
      expectObservable(kinds(connectionOf(call, coordinate$, scheduler))).toBe('o------(c|)', {
        ...{ o: 'opened', c: '1001' },
      });
    }),
  );

  it(
    'does not wait for ever for one that does not read',
    marbles(({ cold, scheduler, expectObservable }) => {
      const call = new ScriptedCall();
      const coordinate$: Coordinate = () => cold('--(e|)', { e: errorResponse('coordinator closed') });
      const events$ = connectionOf(call, coordinate$, scheduler, { closeTimeout: 100 });
      expectObservable(kinds(events$)).toBe('o 101ms (c|)', { o: 'opened', c: '1001' });
    }),
  );

  it(
    'tells a call that was cancelled from one that has nothing more to say, though both end',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const call = new ScriptedCall();
      const source$ = cold('                           ------');
      cold('                                           --c').subscribe(() => {
        call.emit('end');
        call.emit('cancelled');
      });
      expectObservable(kinds(connectionOf(call, () => source$.pipe(ignoreElements()), scheduler))).toBe('o-(c|)', {
        ...{ o: 'opened', c: '1006' },
      });
      expectSubscriptions(source$.subscriptions).toBe('^-!');
    }),
  );

  it(
    'lets go of everything when it is unsubscribed, and tells the peer',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const call = new ScriptedCall();
      const source$ = cold('                                        -----');
      const events$ = connectionOf(call, () => source$.pipe(ignoreElements()), scheduler);
      expectObservable(kinds(events$), '                            ^--!').toBe('o', { o: 'opened' });
      expectSubscriptions(source$.subscriptions).toBe('             ^--!');
      expectObservable(call.written$.pipe(map(reasonOf))).toBe('    ---e', { e: 'coordinator closed' });
      expectObservable(call.ended$.pipe(map(({ code }) => code))).toBe('---u', { u: 14 });
    }),
  );

  it('hands out what was encoded once for many as the same bytes', () => {
    const frozen = Object.freeze(errorResponse('for all'));
    expect(protobufCodec.encode(frozen)).to.equal(protobufCodec.encode(frozen));
  });
});
