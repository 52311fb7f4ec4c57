import { type Observable, Subscription, defer, tap } from 'rxjs';
import type { Transport, TransportCall, TransportEvent } from '../../src/client/index.js';
import type { CoordinateRequest, CoordinateResponse_PeerUpdate } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind, updatesResponse } from '../../src/proto/responses.js';
import { uuidFromBytes, uuidToBytes, type Uuid } from '../../src/proto/uuid.js';
import { aNode, nameOf } from '../../src/testing/index.js';

/** What was asked of the transport. */
export interface ScriptedTransport extends Transport {
  /** The calls that were made. */
  readonly calls: readonly TransportCall[];
  /** What was sent over all connections, and when: `1 derp 7`, `1 +bob`, `500 -bob`, `500 ready for bob`, `600 goodbye`. */
  readonly sent: readonly string[];
  /** When connections were broken from here, in milliseconds. */
  readonly broken: readonly number[];
}

/** A transport whose connections go as these say, one after the other; the last one goes for all that follow. */
export const scriptedTransport = (...scripts: readonly Observable<TransportEvent>[]): ScriptedTransport => {
  const calls: TransportCall[] = [];
  const sent: string[] = [];
  const broken: number[] = [];
  return {
    ...{ protocols: [], example: '', calls, sent, broken },
    connect$: (call) =>
      defer(() => {
        const script$ = scripts[Math.min(calls.push(call), scripts.length) - 1]!;
        const requests = new Subscription();
        let isOver = false;
        return script$.pipe(
          tap({
            next: ({ kind }) => {
              isOver ||= kind === 'closed';
              if (kind !== 'open') return;
              requests.add(
                call.requests$.subscribe((request) =>
                  sent.push(...wordsOf(request).map((word) => `${String(call.scheduler.now())} ${word}`)),
                ),
              );
            },
            finalize: () => {
              requests.unsubscribe();
              if (!isOver) broken.push(call.scheduler.now());
            },
          }),
        );
      }),
  };
};

const nameOfBytes = ({ id }: { readonly id: Uint8Array }): string => nameOf(uuidFromBytes(id));

const wordsOf = (request: CoordinateRequest): readonly string[] => [
  ...(request.updateSelf?.node ? [`derp ${String(request.updateSelf.node.preferredDerp)}`] : []),
  ...(request.addTunnel ? [`+${nameOfBytes(request.addTunnel)}`] : []),
  ...(request.removeTunnel ? [`-${nameOfBytes(request.removeTunnel)}`] : []),
  ...(request.readyForHandshake.length > 0
    ? [`ready for ${request.readyForHandshake.map(nameOfBytes).join(', ')}`]
    : []),
  ...(request.disconnect ? ['goodbye'] : []),
];

type Kind = 'NODE' | 'LOST' | 'DISCONNECTED' | 'READY_FOR_HANDSHAKE';

/** What a coordinator says of one peer. */
export const update = (id: Uuid, kind: Kind, derp?: number, reason = ''): CoordinateResponse_PeerUpdate => ({
  id: uuidToBytes(id),
  kind: PeerUpdateKind[kind],
  node: derp === undefined ? undefined : aNode({ of: id, derp }),
  reason,
});

/** What happens to a connection. */
export const opens: TransportEvent = { kind: 'open' };
export const says = (...updates: readonly CoordinateResponse_PeerUpdate[]): TransportEvent => ({
  kind: 'response',
  response: updatesResponse(updates),
});
export const errs = (error: string): TransportEvent => ({ kind: 'response', response: { peerUpdates: [], error } });
export const closes = (code: number, reason = '', status?: number): TransportEvent => ({
  ...{ kind: 'closed', code, reason },
  ...(status !== undefined && { status }),
});
