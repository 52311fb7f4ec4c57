import type { Logger } from 'pino';
import { type Observable, type SchedulerLike, EMPTY, catchError, concat, defer, finalize, map, of, take } from 'rxjs';
import type { Auth } from '../auth/auth.js';
import type { Uuid } from '../db/store.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { encodeNode } from '../proto/node.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import type { ParsedRequest } from '../proto/validate.js';
import { type Outcome, answers } from './answers.js';
import type { Binder } from './binder.js';
import { peersChanged } from './changes.js';
import type { Connection, Connections } from './connections.js';
import type { Handshaker } from './handshaker.js';
import { mapper } from './mapper.js';
import { untilAnyCompletes } from './operators/untilAnyCompletes.js';
import type { Querier } from './querier.js';
import type { Tunneler } from './tunneler.js';
import type { View } from './view.js';

/** The parts that all connections of a coordinator share. */
export interface ConnectionParts {
  readonly connections: Connections;
  readonly view: View;
  readonly querier: Pick<Querier, 'refreshNeighbours' | 'forget'>;
  readonly binder: Pick<Binder, 'accept'>;
  readonly tunneler: Pick<Tunneler, 'accept'>;
  readonly handshaker: Pick<Handshaker, 'accept'>;
  /** Whether the coordinator closes, and marks all its peers lost in one go. */
  readonly isClosing: () => boolean;
  readonly maxUpdatesPerResponse: number;
  /** Milliseconds an authorisation may take. */
  readonly authTimeout: number;
  readonly scheduler: SchedulerLike;
  /** On which the end of a turn is waited for. */
  readonly turnScheduler: SchedulerLike;
  readonly logger: Logger;
}

/** Who connects. */
export interface Caller {
  readonly peerId: Uuid;
  readonly name: string;
  readonly requests$: Observable<CoordinateRequest>;
  readonly auth: Auth;
  readonly ready$: Observable<boolean>;
}

/**
 * One peer's life: it is taken in when this is subscribed to, and let go, as lost or as gone for good, when it ends,
 * whoever ended it. It ends with the requests, with a goodbye, with an error told to the peer, or when the coordinator
 * says so.
 */
export const connection$ = (parts: ConnectionParts, caller: Caller): Observable<CoordinateResponse> =>
  defer(() => {
    const { connections, view, querier, maxUpdatesPerResponse, authTimeout, scheduler, turnScheduler } = parts;
    const { peerId, requests$, auth, ready$ } = caller;
    const logger = parts.logger.child({ peer_id: peerId, name: caller.name });
    const connection = connections.open(peerId);
    let saidGoodbye = false;

    const updates$ = connection.changes$.pipe(
      mapper({ sight: (otherId) => view.sight(peerId, otherId), ready$, maxUpdatesPerResponse }),
    );

    const arrive$ = defer(() => {
      view.join(peerId);
      // A newer connection of the same peer starts with what the older one had come to know.
      connection.changes$.next(peersChanged(view.neighboursOf(peerId)));
      querier.refreshNeighbours(peerId);
      return EMPTY;
    });

    const apply = (request: ParsedRequest): Outcome => {
      saidGoodbye = request.disconnect;
      return applyRequest(parts, peerId, request);
    };

    const answers$ = requests$.pipe(
      catchError((err: unknown) => {
        logger.debug({ err }, 'request stream broke');
        return EMPTY;
      }),
      answers({ auth, authTimeout, apply, scheduler, turnScheduler, logger }),
    );

    return untilAnyCompletes(
      connection.ending$.pipe(take(1), map(errorResponse)),
      updates$.pipe(
        catchError((err: unknown) => {
          logger.error({ err }, 'updates failed');
          return of(errorResponse(closeErrors.internal));
        }),
      ),
      concat(arrive$, answers$),
    ).pipe(
      finalize(() => {
        leave(parts, connection, saidGoodbye);
      }),
    );
  });

/** Does what a request asks for, in the order of the reference system. After a goodbye nothing else counts. */
const applyRequest = (
  { view, binder, tunneler, handshaker }: ConnectionParts,
  peerId: Uuid,
  { node, addTunnel, removeTunnel, disconnect, readyForHandshake }: ParsedRequest,
): Outcome => {
  if (node !== undefined) binder.accept({ kind: 'node', peerId, node: encodeNode(node) });
  if (addTunnel !== undefined) tunneler.accept({ kind: 'add', src: peerId, dst: addTunnel });
  if (removeTunnel !== undefined) tunneler.accept({ kind: 'remove', src: peerId, dst: removeTunnel });
  if (disconnect) return { isLast: true };
  for (const otherId of readyForHandshake) {
    const sight = view.sight(peerId, otherId);
    if (sight === 'absent' || sight === 'unknown') {
      // An honest peer may ask just after the tunnel went, so its connection goes on.
      return { response: errorResponse(`you do not share a tunnel with "${otherId}"`), isLast: false };
    }
    handshaker.accept(otherId, peerId);
  }
  return { isLast: false };
};

/** Lets a peer go, unless a newer connection has taken its place. */
const leave = (
  { connections, view, querier, binder, tunneler, isClosing }: ConnectionParts,
  connection: Connection,
  forGood: boolean,
): void => {
  if (!connections.close(connection)) return;
  const { peerId } = connection;
  view.leave(peerId);
  querier.forget(peerId);
  if (isClosing() && !forGood) return;
  binder.accept({ kind: forGood ? 'disconnected' : 'lost', peerId });
  tunneler.accept({ kind: forGood ? 'clear' : 'release', src: peerId });
};
