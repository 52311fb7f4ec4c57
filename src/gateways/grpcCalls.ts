import type { Metadata } from '@grpc/grpc-js';
import { concat, defer, EMPTY, finalize, fromEvent, mergeMap, of, takeUntil } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Coordinator } from '../api.js';
import { admission, rejection } from './admission.js';
import type { Newcomer } from './admission.js';
import { Attendance } from './attendance.js';
import { streamOf } from './callStream.js';
import { coordinateCall$, refuseCalls } from './coordinateService.js';
import type { GrpcServer } from './coordinateService.js';
import type { GatewayEvent } from './gatewayEvent.js';
import type { GrpcLimits } from './grpcOptions.js';
import type { CallWatch } from './grpcSockets.js';
import { statusOfRefusal } from './grpcStatus.js';
import { GrpcWire } from './grpcWire.js';
import type { CoordinateCall } from './grpcWire.js';
import type { Identity } from './identity.js';
import type { IdentifyCall, IncomingCall } from './incomingCall.js';
import { mergeCrowd } from './mergeCrowd.js';
import { peerConnection } from './peerConnection.js';
import { Places } from './places.js';
import { protobufCodec } from './protobufCodec.js';
import { SendingTurns } from './sendingTurns.js';
import { UnfinishedStreams } from './unfinishedStreams.js';

export interface CallOptions {
  readonly identify: IdentifyCall;
  readonly limits: GrpcLimits;
  readonly scheduler: SchedulerLike;
  readonly drain$: Observable<unknown>;
  /** Default: nobody. */
  readonly watch?: CallWatch;
  /** Where streams go over which no peer is connected any more. Default: some of their own. */
  readonly streams?: UnfinishedStreams;
}

/** The gateway, as far as it does not matter whose the server is: calls in, events out. */
export function grpcCalls(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  server: GrpcServer,
  { identify, limits, scheduler, drain$, watch = nobody, ...given }: CallOptions,
): Observable<GatewayEvent> {
  return defer(() => {
    const { handshakeTimeout, closeTimeout } = limits;
    const { streams = new UnfinishedStreams(limits.maxUnfinished, scheduler) } = given;
    /** Who knows that a call has ended need not send any more. */
    const letGo = (call: CoordinateCall): void => {
      streams.add(streamOf(call), closeTimeout);
    };
    const attendance = new Attendance(limits.maxConnections);
    const places = new Places(limits.maxHandshakes, scheduler);
    const entrance = { attendance, identify, places, handshakeTimeout, scheduler };
    const surroundings = { coordinator, limits, scheduler, turns: new SendingTurns(scheduler) };

    const connect = (call: CoordinateCall, remoteAddress: string, identity: Identity): Observable<GatewayEvent> =>
      defer(() => {
        // Until then a client does not know that it was let in.
        call.sendMetadata(nothingSaid(call.metadata));
        return peerConnection(surroundings, {
          identity,
          remoteAddress,
          protocol: 'grpc',
          codec: protobufCodec,
          open: (listener, lifetime) => {
            lifetime.add(watch.occupied(call.getPeer()));
            return new GrpcWire(call, limits, scheduler, listener, letGo);
          },
        });
      });

    /** Emits what comes of a call. */
    const admitted = (call: CoordinateCall): Observable<Observable<GatewayEvent>> => {
      watch.called(call.getPeer());
      // Who is being identified is counted as a connection.
      streams.remove(streamOf(call));
      let isIn = false;
      const request = incoming(call);
      const { remoteAddress } = request;
      const newcomer: Newcomer<IncomingCall> = {
        request,
        remoteAddress,
        gone$: fromEvent(call, 'cancelled'),
        refuse: (refusal) => {
          call.emit('error', statusOfRefusal(refusal));
        },
        connect: (identity) => {
          isIn = true;
          return attendance.counted(connect(call, remoteAddress, identity));
        },
      };
      const { obstacle } = attendance;
      return (obstacle ? of(rejection(newcomer, obstacle)) : admission(newcomer, entrance)).pipe(
        finalize(() => {
          if (!isIn) letGo(call);
        }),
      );
    };

    return concat(
      coordinateCall$(server).pipe(mergeMap(admitted), mergeCrowd(), takeUntil(attendance.drained$(drain$))),
      defer(() => {
        refuseCalls(server, letGo);
        return EMPTY;
      }),
    );
  });
}

const nobody: CallWatch = { called: () => undefined, occupied: () => () => undefined };

function incoming(call: CoordinateCall): IncomingCall {
  const { metadata } = call;
  const peer = call.getPeer();
  return {
    metadata,
    // With the port behind a colon, if it is that of a socket.
    remoteAddress: peer.slice(0, peer.includes(':') ? peer.lastIndexOf(':') : undefined),
    get clientCertificate() {
      return call.getAuthContext().sslPeerCertificate;
    },
  };
}

/** Metadata without any entry, of the same grpc-js that the server is from, which need not be ours. */
function nothingSaid(metadata: Metadata): Metadata {
  const empty = metadata.clone();
  for (const key of Object.keys(empty.getMap())) empty.remove(key);
  return empty;
}
