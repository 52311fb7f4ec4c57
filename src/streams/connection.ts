import type { Logger } from 'pino';
import { type SchedulerLike, type Subscriber, Observable } from 'rxjs';
import type { Auth } from '../auth/auth.js';
import type { Uuid } from '../db/store.js';
import type { CoordinateRequest, CoordinateResponse, Node } from '../proto/gen/tailnet.js';
import { type NodeBytes, holdNode } from '../proto/nodeBytes.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import { type ParsedRequest, RequestError } from '../proto/validate.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { type AnswerOptions, type Outcome, answers } from './answers.js';
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
  /** Whether all peers go at the same time, because the coordinator closes, and are marked lost in one go. */
  readonly goesTogether: () => boolean;
  readonly maxUpdatesPerResponse: number;
  /** Bytes, about. */
  readonly maxResponseSize: number;
  /** Milliseconds an authorisation may take. */
  readonly authTimeout: number;
  readonly scheduler: SchedulerLike;
  readonly telemetry: Telemetry;
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
 * What the coordinator has to tell (changes, made into differences) and what it answers (requests) are two streams into
 * one subscriber: nothing stands between, because there are as many of these as peers are connected.
 */
export const connection$ = (parts: ConnectionParts, caller: Caller): Observable<CoordinateResponse> =>
  new Observable((subscriber) => {
    new LiveConnection(parts, caller, subscriber).begin();
  });

/** One object, for there are as many of these as peers are connected, and most of them are idle. */
class LiveConnection implements Connection, AnswerOptions {
  readonly #parts: ConnectionParts;
  readonly #caller: Caller;
  readonly #subscriber: Subscriber<CoordinateResponse>;
  #inbox: Subscriber<Changes> | undefined;
  #saidGoodbye = false;

  constructor(parts: ConnectionParts, caller: Caller, subscriber: Subscriber<CoordinateResponse>) {
    this.#parts = parts;
    this.#caller = caller;
    this.#subscriber = subscriber;
  }

  begin(): void {
    const subscriber = this.#subscriber;
    const { connections, view, querier, maxUpdatesPerResponse, maxResponseSize, composeUpdate } = this.#parts;
    // Where nobody is told, nothing is held for it.
    const telemetry = this.telemetry === silentTelemetry ? undefined : this.telemetry;
    const { peerId, requests$, ready$ } = this.#caller;
    connections.open(this);
    // Before anything else, so that whoever ends this from within finds the peer let go.
    subscriber.add(() => {
      leave(this.#parts, this, this.#saidGoodbye);
    });
    if (this.#isOver()) return;

    // What comes of the changes and of the requests is for the same subscriber, and whichever ends ends all.
    const changes$ = new Observable<Changes>((inbox) => {
      this.#inbox = inbox;
    });
    const sight = (otherId: Uuid) => view.sight(peerId, otherId);
    const lastWord = (err: unknown): CoordinateResponse => {
      this.logger.error({ err }, 'updates failed');
      return errorResponse(closeErrors.internal);
    };
    const sizes = { maxUpdatesPerResponse, maxResponseSize };
    changes$.pipe(mapper({ sight, ready$, lastWord, ...sizes, composeUpdate, telemetry })).subscribe(subscriber);
    // Not being ready may have failed at once.
    if (this.#isOver()) return;

    view.join(peerId);
    // A newer connection of the same peer starts with what the older one had come to know.
    this.tell(peersChanged([...view.neighboursOf(peerId)]));
    querier.refreshNeighbours(peerId);
    if (!this.#isOver()) requests$.pipe(answers(this)).subscribe(subscriber);
  }

  get id(): Uuid {
    return this.#caller.peerId;
  }

  tell(changes: Changes): void {
    this.#inbox?.next(changes);
  }

  end(reason: string): void {
    this.#subscriber.next(errorResponse(reason));
    this.#subscriber.complete();
  }

  get auth(): Auth {
    return this.#caller.auth;
  }

  get authTimeout(): number {
    return this.#parts.authTimeout;
  }

  get scheduler(): SchedulerLike {
    return this.#parts.scheduler;
  }

  get telemetry(): Telemetry {
    return this.#parts.telemetry;
  }

  /** Made when there is something to say: most connections have nothing to log. */
  get logger(): Logger {
    return this.#parts.logger.child({ peer_id: this.id, name: this.#caller.name });
  }

  apply(request: ParsedRequest): Outcome {
    const outcome = applyRequest(this.#parts, this.id, request);
    // Not before: of a request that broke, nothing counts.
    this.#saidGoodbye = request.disconnect;
    return outcome;
  }

  /** A method, because the compiler does not see who ends this meanwhile. */
  #isOver(): boolean {
    return this.#subscriber.closed;
  }
}

/**
 * The node as it is held. It comes first of all that a request asks for, so that none of one that is refused takes effect.
 *
 * @throws RequestError `update_self: the node cannot be encoded: invalid int32: 1.5`
 */
const toHold = (node: Node): NodeBytes => {
  try {
    return holdNode(node);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError(`update_self: the node cannot be encoded: ${reason}`, { cause });
  }
};

/** Does what a request asks for, in the order of the reference system. After a goodbye nothing else counts. */
const applyRequest = (
  { view, binder, tunneler, handshaker }: ConnectionParts,
  peerId: Uuid,
  { node, addTunnel, removeTunnel, disconnect, readyForHandshake }: ParsedRequest,
): Outcome => {
  if (node !== undefined) binder.accept({ kind: 'node', peerId, node: toHold(node) });
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
  { connections, view, querier, binder, tunneler, goesTogether }: ConnectionParts,
  connection: Connection,
  forGood: boolean,
): void => {
  if (!connections.close(connection)) return;
  const { id: peerId } = connection;
  view.leave(peerId);
  querier.forget(peerId);
  if (goesTogether() && !forGood) return;
  binder.accept({ kind: forGood ? 'disconnected' : 'lost', peerId });
  tunneler.accept({ kind: forGood ? 'clear' : 'release', src: peerId });
};
