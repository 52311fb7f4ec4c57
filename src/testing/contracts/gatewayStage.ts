import { deepEqual, equal } from 'node:assert/strict';
import { NEVER, ReplaySubject, Subject, defer, filter, firstValueFrom, startWith, throwError, timeout } from 'rxjs';
import type { Observable, Subscription } from 'rxjs';
import type { Coordinator } from '../../api.js';
import { createCoordinator } from '../../coordinator.js';
import type { Uuid } from '../../db/store.js';
import type { CoordinateRequest } from '../../proto/gen/tailnet.js';
import { nameOf } from '../cast.js';
import { memoryDatabase, type MemoryDatabase } from '../memoryDatabase.js';
import { testPeer, type TestPeer, type TestPeerOptions } from '../testPeer.js';
import { WatchedCoordinator, type WatchedConnection } from './watchedCoordinator.js';

/** What the contract looks at in an event of a gateway; there may be others, and they may say more. */
export interface ContractedEvent {
  /** `listening`, `opened`, `closed` and `failed` mean what they mean in `GatewayEvent`. */
  readonly kind: string;
  /** Of `listening`: where clients connect, in whatever form your client takes it. */
  readonly url?: string;
  /** Of `opened`, `closed` and `failed`. */
  readonly peerId?: Uuid;
  /** Of `closed`, why: one of `closeCodes`. Left out: not tested. */
  readonly code?: number;
}

/** A gateway to be tested. */
export interface GatewayUnderTest {
  /**
   * The gateway: a function from a coordinator to an Observable of events. It should take a free port.
   *
   * @param drain$ emits when nobody new is to be let in; the gateway completes when the last connection is over
   */
  gateway(coordinator: Pick<Coordinator, 'coordinate$'>, drain$: Observable<unknown>): Observable<ContractedEvent>;
  /**
   * A client: what the gateway makes of a coordinator, it makes a `coordinate$` of again.
   *
   * - Subscribing connects as this peer. `requests$` replays, so it may be subscribed to as soon as something can be sent;
   *   when it completes, the client ends the connection in order, as far as the transport knows of order.
   * - Responses are emitted as they come. It completes when the connection is over, in whatever way; it may fail when
   *   there never was one.
   * - While `ready$` is false it reads nothing from the network.
   * - Unsubscribing breaks the connection, without a word.
   *
   * @param url what the event `listening` said
   */
  client(url: string): Pick<Coordinator, 'coordinate$'>;
  /** Connects as somebody whom the gateway cannot identify; ends, in whatever way, when turned away. Left out: not tested. */
  stranger$?(url: string): Observable<unknown>;
  /** Connects as this peer and sends what is no request. Emits, and ends, as a client does. Left out: not tested. */
  babbler$?(url: string, peerId: Uuid): ReturnType<Coordinator['coordinate$']>;
  /**
   * Connects as this peer and sends what is no request, then requests without end; whatever the gateway says to that, it
   * does not end its own side of the connection. Ends when the connection is cut off. Left out: not tested.
   */
  chatterer$?(url: string, peerId: Uuid): Observable<unknown>;
  /**
   * Connects as this peer and sends a message that is longer than any may be, or one that does not end. Ends when it is
   * sent away. Left out: not tested.
   */
  rambler$?(url: string, peerId: Uuid): Observable<unknown>;
  /** Connects and says nothing, not even who it is. Ends when it is sent away. Left out: not tested. */
  silent$?(url: string): Observable<unknown>;
  /** A client as whom the gateway lets connect whoever comes, but open no tunnels. Left out: not tested. */
  restricted?(url: string): Pick<Coordinator, 'coordinate$'>;
  /** A client whose identity ends, for this reason, when the function is called. Left out: not tested. */
  ending?(url: string): Pick<Coordinator, 'coordinate$'> & {
    /** Ends the identity, for this reason. */
    readonly end: (reason: string) => void;
  };
  /** Milliseconds that anything which is waited for may take. Default 10000. */
  readonly patience?: number;
  /** Called after the test. */
  close?(): void | Promise<void>;
}

/** A gateway in front of a coordinator for one test, and all that is seen of both. */
export class GatewayStage {
  readonly database: MemoryDatabase = memoryDatabase();
  readonly coordinator: Coordinator;
  readonly watched: WatchedCoordinator;
  readonly events: ContractedEvent[] = [];
  readonly drain$ = new ReplaySubject<void>(1);
  readonly #tested: GatewayUnderTest;
  readonly #patience: number;
  readonly #changed$ = new Subject<void>();
  readonly #peers: TestPeer[] = [];
  #served: Subscription | undefined;
  #hasCompleted = false;
  #failure: { readonly error: unknown } | undefined;
  #url = '';

  constructor(tested: GatewayUnderTest) {
    this.#tested = tested;
    this.#patience = tested.patience ?? 10_000;
    this.coordinator = createCoordinator({
      database: this.database,
      tuning: { heartbeatPeriod: 100, heartbeatTimeout: 90, unhealthySpread: 10 },
    });
    this.watched = new WatchedCoordinator(this.coordinator, () => {
      this.#changed$.next();
    });
  }

  /** Where the gateway listens. */
  get url(): string {
    return this.#url;
  }

  /** Subscribes to the gateway, and waits until it listens. */
  async serve(): Promise<void> {
    this.#served = this.#tested.gateway(this.watched, this.drain$).subscribe({
      next: (event) => {
        this.events.push(event);
        this.#changed$.next();
      },
      error: (error: unknown) => {
        this.#failure = { error };
        this.#changed$.next();
      },
      complete: () => {
        this.#hasCompleted = true;
        this.#changed$.next();
      },
    });
    await this.until(
      'says where it listens, in an event "listening" with a "url"',
      () => this.eventsOf('listening')[0],
    );
    this.#url = this.eventsOf('listening')[0]?.url ?? '';
  }

  /** A peer that is connecting by way of the gateway. */
  connect(peerId: Uuid, options?: TestPeerOptions, client = this.#tested.client(this.url)): TestPeer {
    return this.#accompany(
      testPeer(
        {
          coordinate$: (id, requests$ = NEVER, coordinateOptions) =>
            defer(() => {
              const replayed$ = new ReplaySubject<CoordinateRequest>();
              requests$.subscribe(replayed$);
              return client.coordinate$(id, replayed$, coordinateOptions);
            }),
        },
        peerId,
        options,
      ),
    );
  }

  /** A peer that has connected by way of the gateway. */
  async join(peerId: Uuid, options?: TestPeerOptions, client?: Pick<Coordinator, 'coordinate$'>): Promise<TestPeer> {
    const count = this.eventsOf('opened').length + 1;
    const connectionCount = this.watched.connections.length + 1;
    const peer = this.connect(peerId, options, client);
    await this.until(
      `says that ${nameOf(peerId)} came, in an event "opened"`,
      () => this.eventsOf('opened')[count - 1],
    );
    await this.until(`connects ${nameOf(peerId)}`, () => this.watched.connections[connectionCount - 1]);
    return peer;
  }

  /** A peer that needs no gateway. */
  local(peerId: Uuid, options?: TestPeerOptions): TestPeer {
    return this.#accompany(testPeer(this.coordinator, peerId, options));
  }

  eventsOf(kind: string, peerId?: Uuid): readonly ContractedEvent[] {
    return this.events.filter((event) => event.kind === kind && (peerId === undefined || event.peerId === peerId));
  }

  /** The connection of a peer that came by way of the gateway. */
  connectionOf(peerId: Uuid): WatchedConnection {
    const connection = this.watched.connectionOf(peerId);
    if (!connection) throw new Error(`the gateway did not subscribe to a coordinate$ of ${nameOf(peerId)}`);
    return connection;
  }

  /** Resolves as soon as the gateway `does`, which is part of a sentence. */
  async until(does: string, holds: () => unknown): Promise<void> {
    await firstValueFrom(
      this.#changed$.pipe(
        startWith(undefined),
        filter(() => Boolean(holds())),
        timeout({ first: this.#patience, with: () => throwError(() => this.#disappointment(does)) }),
      ),
    );
  }

  /** Resolves when the gateway has completed. */
  completed(): Promise<void> {
    return this.until('completes', () => this.#hasCompleted);
  }

  /** Resolves when the gateway has said that a peer's connection closed, and with this code if it says codes. */
  async closed(peerId: Uuid, code: number): Promise<void> {
    await this.until(`says that ${nameOf(peerId)} was closed`, () => this.eventsOf('closed', peerId).length > 0);
    const event = this.eventsOf('closed', peerId)[0];
    equal(event?.code ?? code, code, `the code of the event "closed" of ${nameOf(peerId)}`);
  }

  /** Resolves when the gateway has let go of a peer. */
  released(peerId: Uuid): Promise<void> {
    return this.until(`lets go of ${nameOf(peerId)}`, () => this.connectionOf(peerId).isOver);
  }

  unsubscribe(): void {
    this.#served?.unsubscribe();
  }

  /** Ends all, and looks whether anything was left behind. */
  async end(): Promise<void> {
    const wasUnsubscribed = this.#served?.closed === true && !this.#hasCompleted;
    this.drain$.next();
    this.database.faults.recover();
    await this.coordinator.close();
    try {
      if (!wasUnsubscribed && this.#failure === undefined) {
        await this.completed();
        deepEqual(
          peersOf(this.eventsOf('closed')),
          peersOf(this.eventsOf('opened')),
          'all that were opened are closed',
        );
      }
      if (this.#failure) throw this.#failure.error;
      await this.until('lets go of everybody', () => this.watched.connections.every(({ isOver }) => isOver));
      for (const { failure, peerId } of this.watched.connections) {
        equal(failure, undefined, `the requests$ of ${nameOf(peerId)} must complete, not fail`);
      }
    } finally {
      await this.abandon();
    }
  }

  /** Ends all, whatever may be left behind. */
  async abandon(): Promise<void> {
    for (const peer of this.#peers) peer.drop();
    this.#served?.unsubscribe();
    this.database.faults.recover();
    await this.coordinator.close();
    await this.#tested.close?.();
  }

  /** Runs something that may end in any way, and waits until it has. */
  async over(what$: Observable<unknown>, does: string): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
      this.#changed$.next();
    };
    const subscription = what$.subscribe({ error: end, complete: end });
    try {
      await this.until(does, () => isOver);
    } finally {
      subscription.unsubscribe();
    }
  }

  #accompany(peer: TestPeer): TestPeer {
    this.#peers.push(peer);
    return peer;
  }

  #disappointment(does: string): Error {
    const failure = this.#failure === undefined ? '' : `\n  and failed: ${String(this.#failure.error)}`;
    const said = this.events.map(({ kind, peerId }) => (peerId === undefined ? kind : `${kind} ${nameOf(peerId)}`));
    return new Error(
      `expected of the gateway that it ${does}, within ${String(this.#patience)} ms; it said: ${said.join(', ') || 'nothing'}${failure}`,
    );
  }
}

const peersOf = (events: readonly ContractedEvent[]): readonly Uuid[] => events.map(({ peerId = '' }) => peerId).sort();
