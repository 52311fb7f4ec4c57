import pg from 'pg';
import { filter, firstValueFrom, startWith, Subject, timeout } from 'rxjs';
import { channels } from '../../src/db/bus.js';
import type { Uuid } from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { aNode } from '../../src/testing/aNode.js';
import { nameOf } from '../../src/testing/cast.js';
import type { Generation } from './generations.js';
import { bestMappings, type ReferenceBinding, type ReferenceMapping, referenceUpdates } from './referenceMapper.js';
import { referenceQueries as queries } from './referenceQueries.js';

/** Milliseconds. */
const patience = 15_000;

export interface ReferenceOptions {
  /** Milliseconds from one heartbeat to the next. Default 2000. */
  readonly heartbeatPeriod?: number;
}

/** A peer connected to a {@link ReferenceCoordinator}. */
export interface ReferencePeer {
  readonly id: Uuid;
  /** All updates that it was sent, in words, and `READY_FOR_HANDSHAKE` of others. */
  readonly told: readonly string[];
  /** Resolves when it is told this, at least `times` (1) times, now or later; rejects with all it was told. */
  eventuallyTold(update: string, times?: number): Promise<void>;
  updateDerp(derp: number): Promise<void>;
  /** Publishes these bytes as its node. */
  publish(node: Uint8Array): Promise<void>;
  addTunnel(other: Uuid): Promise<void>;
  removeTunnel(other: Uuid): Promise<void>;
  /** It is ready for a handshake with the other. */
  readyForHandshake(other: Uuid): Promise<void>;
  /** Its connection breaks. */
  drop(): Promise<void>;
  /** It says goodbye. */
  disconnect(): Promise<void>;
}

/**
 * Stands in for a coordinator of coder/coder: writes the rows, sends the notifications and makes the queries that one
 * makes, as described, over sessions in the time zone of the database. One statement at a time, and nothing is retried.
 */
export class ReferenceCoordinator implements AsyncDisposable {
  readonly id: Uuid = crypto.randomUUID();
  /** Notifications that it could not parse, and whatever else went wrong: must stay empty. */
  readonly complaints: string[] = [];
  readonly #generation: Generation;
  readonly #period: number;
  readonly #session: pg.Client;
  readonly #ears: pg.Client;
  readonly #mappers = new Map<
    Uuid,
    { readonly peer: ReferencePeer; readonly sent: Map<Uuid, ReferenceMapping>; readonly told: string[] }
  >();
  /** When others were last heard: milliseconds of this process. */
  readonly #heard = new Map<Uuid, number>();
  readonly #changed$ = new Subject<void>();
  /** What is under way, one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #beats: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #isOver = false;

  private constructor(url: string, generation: Generation, { heartbeatPeriod = 2000 }: ReferenceOptions) {
    this.#generation = generation;
    this.#period = heartbeatPeriod;
    this.#session = new pg.Client({ connectionString: url, application_name: 'reference' });
    this.#ears = new pg.Client({ connectionString: url, application_name: 'reference listens' });
  }

  /** Listens, then beats for the first time. */
  static async start(
    url: string,
    generation: Generation,
    options: ReferenceOptions = {},
  ): Promise<ReferenceCoordinator> {
    const started = new ReferenceCoordinator(url, generation, options);
    await started.#start();
    return started;
  }

  async #start(): Promise<void> {
    for (const client of [this.#session, this.#ears]) {
      client.on('error', (error) => this.complaints.push(error.message));
      await client.connect();
    }
    this.#ears.on('notification', ({ channel, payload = '' }) => this.#hear(channel, payload));
    for (const channel of this.#channels()) await this.#ears.query(`listen ${channel}`);
    await this.#beat();
    this.#beats = setInterval(() => void this.#do(() => this.#beat()), this.#period);
  }

  #channels(): readonly string[] {
    const { heartbeat, peer, tunnel, readyForHandshake } = channels;
    return [heartbeat, peer, tunnel, ...(this.#generation.shakesHands ? [readyForHandshake] : [])];
  }

  /** Milliseconds of silence after which a coordinator is not valid any more. */
  get expiry(): number {
    return 3 * this.#period;
  }

  /** What others are valid now. */
  get heard(): readonly Uuid[] {
    return [...this.#heard.keys()];
  }

  /** Resolves when it counts this coordinator as valid. */
  eventuallyHears(coordinatorId: Uuid): Promise<void> {
    return this.#eventually(
      () => this.#heard.has(coordinatorId),
      () => `hear ${coordinatorId}`,
    );
  }

  connect(id: Uuid): ReferencePeer {
    const sent = new Map<Uuid, ReferenceMapping>();
    const told: string[] = [];
    const publishNode = (node: Uint8Array, status: 'ok' | 'lost') =>
      this.#do(async () => {
        await this.#query(queries.upsertPeer, [id, this.id, Buffer.from(node), status]);
        await this.#publish(channels.peer, id);
      });
    let latest: Uint8Array | undefined;
    const peer: ReferencePeer = {
      id,
      told,
      eventuallyTold: (update, times = 1) =>
        this.#eventually(
          () => told.filter((one) => one === update).length >= times,
          () => `tell ${nameOf(id)} "${update}", but only:\n  ${told.join('\n  ')}`,
        ),
      updateDerp: (derp) => peer.publish(encodeNode(aNode({ of: id, derp }))),
      publish: (node) => {
        latest = node;
        return publishNode(node, 'ok');
      },
      addTunnel: (other) =>
        this.#do(async () => {
          await this.#query(queries.upsertTunnel, [this.id, id, other]);
          await this.#publish(channels.tunnel, `${id},${other}`);
        }),
      removeTunnel: (other) =>
        this.#do(async () => {
          const { rowCount } = await this.#query(queries.deleteTunnel, [this.id, id, other]);
          if (rowCount === 1) await this.#publish(channels.tunnel, `${id},${other}`);
        }),
      readyForHandshake: (other) =>
        this.#do(async () => {
          await this.#query('select pg_notify($1, $2)', [channels.readyForHandshake, `${other},${id}`]);
        }),
      drop: async () => {
        this.#mappers.delete(id);
        if (latest !== undefined) await publishNode(latest, 'lost');
      },
      disconnect: async () => {
        this.#mappers.delete(id);
        await this.#do(async () => {
          await this.#query(queries.deletePeer, [id, this.id]);
          await this.#publish(channels.peer, id);
          const { rows } = await this.#query<{ src_id: Uuid; dst_id: Uuid }>(queries.deleteAllTunnels, [this.id, id]);
          for (const { src_id, dst_id } of rows) await this.#publish(channels.tunnel, `${src_id},${dst_id}`);
        });
      },
    };
    this.#mappers.set(id, { peer, sent, told });
    void this.#map(id);
    return peer;
  }

  /** What it removes once an hour. */
  async clean(): Promise<void> {
    for (const query of [queries.cleanCoordinators, queries.cleanLostPeers, queries.cleanTunnels]) {
      await this.#do(() => this.#query(query, []));
    }
  }

  /** Ends as one ends that is told to. */
  async close(): Promise<void> {
    await this.#stop(async () => {
      if (this.#generation.deletesItself) await this.#query(queries.deleteCoordinator, [this.id]);
      else {
        const { rows } = await this.#query<{ id: Uuid }>(queries.setPeersOfCoordinator, [this.id, 'lost']);
        for (const { id } of rows) await this.#publish(channels.peer, id);
      }
    });
  }

  /** Is killed. */
  async crash(): Promise<void> {
    await this.#stop(() => Promise.resolve());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.crash();
  }

  /** Waits until it has done all there was to do. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #stop(last: () => Promise<unknown>): Promise<void> {
    if (this.#isOver) return;
    clearInterval(this.#beats);
    clearTimeout(this.#expiry);
    this.#mappers.clear();
    await this.#do(last);
    this.#isOver = true;
    await Promise.all([this.#session.end(), this.#ears.end()]);
  }

  async #beat(): Promise<void> {
    await this.#query(queries.upsertCoordinator, [this.id]);
    await this.#publish(channels.heartbeat, this.id);
  }

  /** Where triggers say what has changed it says nothing. */
  async #publish(channel: string, payload: string): Promise<void> {
    if (!this.#generation.hasTriggers) await this.#query('select pg_notify($1, $2)', [channel, payload]);
  }

  #query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<pg.QueryResult<Row>> {
    return this.#session.query<Row>(text, [...values]);
  }

  #do(job: () => Promise<unknown>): Promise<void> {
    const done = this.#work.then(async () => {
      if (!this.#isOver) await job();
    });
    this.#work = done.catch((error: unknown) => {
      this.complaints.push(String(error));
    });
    return done;
  }

  #hear(channel: string, payload: string): void {
    const ids = payload.split(',');
    const parts = channel === channels.heartbeat || channel === channels.peer ? 1 : 2;
    if (ids.length !== parts || !ids.every(isUuid)) {
      this.complaints.push(`cannot parse "${payload}" on ${channel}`);
      return;
    }
    const [first = '', second = ''] = ids;
    switch (channel) {
      case channels.heartbeat:
        this.#hearHeartbeat(first);
        break;
      case channels.peer:
        void this.#do(async () => {
          const { rows } = await this.#query<{ peer_id: Uuid }>(queries.tunnelPeerIds, [first]);
          for (const { peer_id } of rows) void this.#map(peer_id);
        });
        break;
      case channels.tunnel:
        for (const id of ids) void this.#map(id);
        break;
      case channels.readyForHandshake:
        this.#mappers.get(first)?.told.push(`${nameOf(second)} READY_FOR_HANDSHAKE`);
        this.#changed$.next();
        break;
    }
  }

  #hearHeartbeat(id: Uuid): void {
    if (id === this.id) return;
    const isNew = !this.#heard.has(id);
    this.#heard.set(id, performance.now());
    if (isNew) this.#mapAll();
    this.#armExpiry();
    this.#changed$.next();
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    if (this.#heard.size === 0) return;
    const due = Math.min(...this.#heard.values()) + this.expiry - performance.now();
    this.#expiry = setTimeout(
      () => {
        for (const [id, at] of this.#heard) if (performance.now() - at >= this.expiry) this.#heard.delete(id);
        this.#mapAll();
        this.#armExpiry();
      },
      Math.max(0, due),
    );
  }

  #mapAll(): void {
    for (const id of this.#mappers.keys()) void this.#map(id);
  }

  /** Reads what a peer may know, and tells it the difference. */
  #map(peerId: Uuid): Promise<void> {
    if (!this.#mappers.has(peerId)) return Promise.resolve();
    return this.#do(async () => {
      const { rows } = await this.#query<ReferenceBinding>(queries.tunnelPeerBindings, [peerId]);
      const mapper = this.#mappers.get(peerId);
      if (mapper === undefined) return;
      const isValid = (id: Uuid) => id === this.id || this.#heard.has(id);
      const best = bestMappings(rows, isValid, this.#generation.dropsSilent);
      mapper.told.push(...referenceUpdates(mapper.sent, best));
      this.#changed$.next();
    });
  }

  async #eventually(holds: () => boolean, what: () => string): Promise<void> {
    await firstValueFrom(this.#changed$.pipe(startWith(undefined), filter(holds), timeout({ first: patience }))).catch(
      (cause: unknown) => {
        throw new Error(`the reference did not ${what()}`, { cause });
      },
    );
  }
}

/** As `uuid.Parse` of Go takes the texts that are sent here: lower-case or not, with hyphens. */
const isUuid = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text);
