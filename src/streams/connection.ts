import type { Logger } from 'pino';
import { type SchedulerLike, Observable } from 'rxjs';
import type { Auth } from '../auth/auth.js';
import type { Uuid } from '../db/store.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { holdNode } from '../proto/nodeBytes.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import type { ParsedRequest } from '../proto/validate.js';
import { type Outcome, answers } from './answers.js';
import type { Binder } from './binder.js';
import { type Changes, peersChanged } from './changes.js';
import type { ComposeUpdate } from './composeUpdate.js';
import type { Connection, Connections } from './connections.js';
import type { Handshaker } from './handshaker.js';
import { mapper } from './mapper.js';
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
  readonly composeUpdate: ComposeUpdate;
  /** Whether the coordinator closes, and marks all its peers lost in one go. */
  readonly isClosing: () => boolean;
  readonly maxUpdatesPerResponse: number;
  /** Milliseconds an authorisation may take. */
  readonly authTimeout: number;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/** Who connects. */
export interface Caller {
  readonly peerId: Uuid;
  readonly name: string;
  readonly requests$: Observable<CoordinateRequest>;
  readonly auth: Auth;
  /** Undefined: the receiver is always ready. */
  readonly ready$: Observable<boolean> | undefined;
}

/**
 * One peer's life: it is taken in when this is subscribed to, and let go, as lost or as gone for good, when it ends,
 * whoever ended it. It ends with the requests, with a goodbye, with an error told to the peer, or when the coordinator
 * says so.
 *
 * There are as many of these as peers are connected, and most of them are idle: so it is wired by hand, with one
 * subscription for what comes from the coordinator and one for what comes from the peer.
 */
export const connection$ = (parts: ConnectionParts, caller: Caller): Observable<CoordinateResponse> =>
  new Observable((subscriber) => {
    const { connections, view, querier, scheduler, authTimeout, maxUpdatesPerResponse, composeUpdate } = parts;
    const { peerId, requests$, auth, ready$ } = caller;
    let saidGoodbye = false;

    // A function, because the compiler does not see who ends this meanwhile.
    const isOver = (): boolean => subscriber.closed;
    const next = (response: CoordinateResponse): void => {
      subscriber.next(response);
    };
    const complete = (): void => {
      subscriber.complete();
    };
    const end = (reason: string): void => {
      next(errorResponse(reason));
      complete();
    };
    // Made when there is something to say: most connections have nothing to log.
    const logger = (): Logger => parts.logger.child({ peer_id: peerId, name: caller.name });

    const connection: Mutable<Connection> = { peerId, tell: () => undefined, end };
    connections.open(connection);
    // Before anything else, so that whoever ends this from within finds the peer let go.
    subscriber.add(() => {
      leave(parts, connection, saidGoodbye);
    });
    if (isOver()) return;

    const changes$ = new Observable<Changes>((listener) => {
      connection.tell = (changes) => {
        listener.next(changes);
      };
    });
    subscriber.add(
      changes$
        .pipe(mapper({ sight: (otherId) => view.sight(peerId, otherId), ready$, maxUpdatesPerResponse, composeUpdate }))
        .subscribe({
          next,
          error: (err: unknown) => {
            logger().error({ err }, 'updates failed');
            end(closeErrors.internal);
          },
          complete,
        }),
    );

    view.join(peerId);
    // A newer connection of the same peer starts with what the older one had come to know.
    connection.tell(peersChanged([...view.neighboursOf(peerId)]));
    querier.refreshNeighbours(peerId);
    if (isOver()) return;

    const apply = (request: ParsedRequest): Outcome => {
      saidGoodbye = request.disconnect;
      return applyRequest(parts, peerId, request);
    };
    const answerOptions = {
      ...{ auth, authTimeout, apply, scheduler },
      get logger() {
        return logger();
      },
    };
    subscriber.add(
      requests$.pipe(answers(answerOptions)).subscribe({
        next,
        error: (err: unknown) => {
          subscriber.error(err);
        },
        complete,
      }),
    );
  });

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Does what a request asks for, in the order of the reference system. After a goodbye nothing else counts. */
const applyRequest = (
  { view, binder, tunneler, handshaker }: ConnectionParts,
  peerId: Uuid,
  { node, addTunnel, removeTunnel, disconnect, readyForHandshake }: ParsedRequest,
): Outcome => {
  if (node !== undefined) binder.accept({ kind: 'node', peerId, node: holdNode(node) });
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
