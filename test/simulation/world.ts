import { pino } from 'pino';
import { BehaviorSubject, Subject, Subscription, ignoreElements, tap, timer } from 'rxjs';
import type { Auth } from '../../src/auth/auth.js';
import { createCoordinator } from '../../src/coordinator.js';
import { channels } from '../../src/db/bus.js';
import type { Store, Uuid } from '../../src/db/store.js';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind, closeErrors, peerIdOf, peerUpdateKindName } from '../../src/proto/responses.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, memoryDatabase } from '../../src/testing/index.js';
import { chance, type Chance } from '../support/chance.js';
import { sharesTunnel } from './expected.js';
import { gate } from './gate.js';
import { coordinatorIdOf, peerNumberOf } from './names.js';
import { createWitness, Judge } from './judge.js';
import { isExpectedError } from './isExpectedError.js';
import type { Link, Peer } from './link.js';
import { nonsense } from './nonsense.js';
import type { Plan } from './plan.js';
import { isHealthy, type Site, type Vitals } from './site.js';
import { SiteWatch } from './siteWatch.js';
import { createSimulatedTime, type SimulatedTime } from './simulatedTime.js';
import { traceRows } from './traceRows.js';
import { willBeLost } from './willBeLost.js';
import { Truth, type Post } from './truth.js';

/** Coordinators, peers, and what is true: whatever is done here is done to all three. */
export class World {
  readonly time: SimulatedTime = createSimulatedTime();
  readonly judge: Judge;
  readonly watch = new SiteWatch(this);
  readonly truth: Truth;
  readonly sites: Site[] = [];
  readonly peers: Peer[];
  readonly halfOpen = new Set<Link>();
  readonly log: string[] = [];
  readonly database;
  readonly plan: Plan;
  readonly #draw: Chance;
  readonly #started: number;
  /** By what a coordinator knows a peer by: the connection that it took last. */
  readonly #holders = new Map<Post, Link>();
  /** Statements so far, by method. */
  readonly counts = new Map<keyof Store, number>();
  readonly refused = new Set<number>();
  /** The last one, unless something else went wrong since. */
  commonOutage: { readonly endedAt: number } | undefined;
  /** Milliseconds that an authorisation takes at most. */
  authTime: number;
  /** Who saw a peer when a row of it was made unreadable: for that alone, nobody is to be told that it is gone. */
  #spared: (readonly [Link, number])[] = [];
  /** When a peer last said goodbye, by {@link World.ran}. */
  readonly goodbyes = new Map<number, number>();
  /** How often rows were changed by hand. */
  tamperings = 0;
  /** When that was last. */
  tamperedAt = -Infinity;
  /** Milliseconds for which coordinators stood still, all together, and since when some do. */
  #stoodStill = 0;
  readonly #standing = new Set<{ readonly since: number }>();
  #derps = 0;
  /** How many coordinators each site has had. */
  readonly #lives = new Map<number, number>();
  #isTracing: boolean;

  constructor(plan: Plan, isTracing: boolean) {
    this.plan = plan;
    this.#isTracing = isTracing;
    this.#draw = chance(plan.seed ^ 0x5f37_59df);
    this.#started = this.time.now();
    this.authTime = plan.authTime;
    this.peers = Array.from({ length: plan.peers }, (_, index) => ({
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      ...{ derp: 0, asOf: 0, tunnels: new Set<number>(), link: undefined },
    }));
    this.judge = new Judge(this.now, this.ran, peerNumberOf);
    this.truth = new Truth(this.now, this.ran, (peer) => this.idOf(peer));
    this.database = memoryDatabase({ scheduler: this.time });
    this.database.bus.listen$(channels.heartbeat).subscribe((event) => {
      if (event.kind === 'message') this.watch.beat(event.payload);
    });
    if (isTracing)
      traceRows(this.database, (text) => {
        this.note(text);
      });
    for (let index = 0; index < plan.coordinators; index++) this.sites.push(this.#createSite(index));
  }

  /** Milliseconds since the beginning. */
  now = (): number => this.time.now() - this.#started;

  /**
   * Milliseconds that have passed in every coordinator: at least so many from one value to a later one. Who stands still
   * forgets nothing.
   */
  ran = (): number =>
    [...this.#standing].reduce((time, { since }) => time - (this.now() - since), this.now() - this.#stoodStill);

  /** A coordinator stands still, until what is returned is called. */
  standStill(): () => void {
    const standing = { since: this.now() };
    this.#standing.add(standing);
    return () => {
      this.#standing.delete(standing);
      this.#stoodStill += this.now() - standing.since;
    };
  }

  pass(milliseconds: number): void {
    this.time.passUntil(this.time.now() + milliseconds);
  }

  note(text: string): void {
    if (this.#isTracing) this.log.push(`${String(this.now()).padStart(7)} ${text}`);
  }

  idOf(peer: number): Uuid {
    const found = this.peers[peer];
    if (found === undefined) throw new RangeError(`there is no peer ${peer}`);
    return found.id;
  }

  after(milliseconds: number, what: () => void): void {
    this.time.schedule(what, milliseconds);
  }

  liveIds(): ReadonlySet<Uuid> {
    return new Set(this.sites.filter(({ state }) => state === 'up').map(({ coordinator }) => coordinator.id));
  }

  /**
   * For so many milliseconds nobody reaches the database, and otherwise nothing is wrong: that nobody writes a heartbeat
   * then is no reason to call anybody lost.
   */
  beginCommonOutage(milliseconds: number): void {
    const outage = { endedAt: Infinity };
    this.commonOutage = outage;
    this.after(milliseconds, () => {
      outage.endedAt = this.now();
    });
  }

  /** Something is wrong with a coordinator, or with its ways to others, until what is returned is called. */
  disturb(site: Site): () => void {
    this.commonOutage = undefined;
    const ends = [this.judge.disturb(), this.truth.disturb(site.coordinator.id)];
    const { process } = site;
    site.disturbances += 1;
    site.disturbed += 1;
    return () => {
      for (const end of ends) end();
      if (site.process !== process) return;
      site.disturbances -= 1;
      site.undisturbedSince = this.now();
    };
  }

  connect(peer: number, site: Site, node: 'none' | 'same' | 'new', tunnels: readonly number[]): void {
    const state = this.#peer(peer);
    if (site.state !== 'up') return;
    const older = state.link;
    if (older !== undefined) {
      older.mayEnd = true;
      this.halfOpen.add(older);
    }
    const link: Link = {
      ...{ peer, site, process: site.process, witness: createWitness(peer), isOver: false },
      ...{ requests$: new Subject(), effects: new Map() },
      ...{ ready$: new BehaviorSubject(true), wire: new Subscription(), post: undefined, mayEnd: false },
    };
    state.link = link;
    const { coordinator } = site;
    site.process.receive(() => {
      if (link.isOver) return;
      const { requests$, ready$ } = link;
      const auth = this.#authOf(link);
      const connection = coordinator.coordinate$(this.idOf(peer), requests$, { ready$, auth });
      if (isHealthy(coordinator)) {
        const post = this.truth.connected(peer, coordinator.id);
        const replaced = this.#holders.get(post);
        if (replaced !== undefined) this.#isReplaced(replaced);
        this.#holders.set(post, link);
        link.post = post;
      }
      link.wire.add(
        connection.subscribe({
          next: (response) => {
            this.#told(link, response, () => {
              this.judge.told(link.witness, response, this.plan.batch);
            });
          },
          error: (error: unknown) => {
            this.judge.complain('no defect', `the stream of peer ${peer} failed: ${String(error)}`);
          },
          complete: () => {
            this.#ended(link);
          },
        }),
      );
    });
    if (node === 'new') this.publish(peer);
    if (node === 'same' && state.derp > 0) this.#say(state);
    for (const other of tunnels) this.open(peer, other);
  }

  publish(peer: number): void {
    const state = this.#peer(peer);
    if (state.link === undefined) return;
    state.derp = this.#derps += 1;
    state.asOf = this.now();
    this.#say(state);
  }

  refresh(peer: number): void {
    const state = this.#peer(peer);
    if (state.link === undefined || state.derp === 0) return;
    state.asOf = this.now();
    this.#say(state);
  }

  /** Whoever is connected publishes once more what it published last over this connection. */
  repeatAll(): void {
    for (const [peer, { derp, link }] of this.peers.entries()) {
      if (link?.post?.derp === derp) this.refresh(peer);
    }
  }

  open(peer: number, other: number): void {
    if (peer === other) return;
    const state = this.#peer(peer);
    this.send(peer, requests.addTunnel(this.idOf(other)), (post) => {
      this.truth.opened(post, other);
    });
    if (state.link !== undefined) state.tunnels.add(other);
  }

  /** Answers whose tunnel it was. */
  shut(peer: number, which: number): number | undefined {
    const { tunnels } = this.#peer(peer);
    const candidates = [...new Set([...tunnels, ...this.truth.tunnelsOf(peer)])];
    const other = candidates[which % candidates.length];
    if (other !== undefined) this.part(peer, other);
    return other;
  }

  /** Shuts the tunnel to this one, or what a peer takes for it. */
  part(peer: number, other: number): void {
    const { tunnels } = this.#peer(peer);
    if (this.#peer(peer).link !== undefined) tunnels.delete(other);
    this.send(peer, requests.removeTunnel(this.idOf(other)), (post) => {
      this.judge.mayBeParted(peer, other);
      this.#spared = this.#spared.filter(([{ peer: viewer }, seen]) => viewer !== peer && seen !== peer);
      this.truth.shut(post, other);
    });
  }

  leave(peer: number): void {
    const { link, tunnels } = this.#peer(peer);
    if (link === undefined) return;
    link.mayEnd = true;
    this.send(peer, requests.disconnect(), (post) => {
      this.judge.mayBeGone(peer);
      this.goodbyes.set(peer, this.ran());
      this.#spared = this.#spared.filter(([{ peer: viewer }, seen]) => viewer !== peer && seen !== peer);
      for (const other of this.peers.keys()) if (other !== peer) this.judge.mayBeParted(peer, other);
      this.truth.left(post);
    });
    tunnels.clear();
    // Until the coordinator has read the goodbye, anything may come between.
    if (!link.isOver) this.halfOpen.add(link);
    this.#peer(peer).link = undefined;
  }

  acknowledge(peer: number): void {
    const link = this.#peer(peer).link;
    if (link === undefined) return;
    for (const [other, { kind }] of link.witness.known) {
      if (kind === 'gone') continue;
      this.judge.acknowledged(peer, other);
      this.send(peer, requests.readyForHandshake(this.idOf(other)));
    }
  }

  rubbish(peer: number, which: number): void {
    const link = this.#peer(peer).link;
    if (link === undefined) return;
    const request = nonsense[which % nonsense.length];
    link.mayEnd = true;
    // What comes after nonsense would be ignored; the peer does not say more.
    this.#peer(peer).link = undefined;
    this.halfOpen.add(link);
    link.process.receive(() => {
      if (!link.isOver) link.requests$.next(request as CoordinateRequest);
    });
  }

  /** A connection breaks, and its coordinator knows. */
  drop(link: Link): void {
    link.mayEnd = true;
    link.process.receive(() => {
      if (link.isOver) return;
      link.wire.unsubscribe();
      this.#isLost(link);
    });
    this.#forget(link);
  }

  /** A connection breaks, and its coordinator does not know. */
  vanish(peer: number): void {
    const state = this.#peer(peer);
    if (state.link === undefined) return;
    state.link.mayEnd = true;
    this.halfOpen.add(state.link);
    state.link = undefined;
  }

  /** A peer takes nothing in until what is returned is called. */
  stall(peer: number): () => void {
    const { link } = this.#peer(peer);
    if (link === undefined) return () => undefined;
    const end = this.judge.disturb();
    const setReady = (isReady: boolean): void => {
      link.process.receive(() => {
        link.ready$.next(isReady);
      });
    };
    setReady(false);
    return () => {
      setReady(true);
      end();
    };
  }

  kill(site: Site, downFor: number): void {
    if (site.state !== 'up') return;
    this.commonOutage = undefined;
    site.state = 'down';
    site.process.kill();
    site.database.faults.goAway();
    this.#siteEnded(site);
    this.after(downFor, () => {
      this.restart(site);
    });
  }

  close(site: Site, downFor: number): void {
    if (site.state !== 'up' || site.process.isPaused) return;
    site.state = 'closing';
    const { coordinator } = site;
    const end = this.disturb(site);
    for (const link of this.linksOf(site)) link.mayEnd = true;
    const checkRows = willBeLost(this, site);
    coordinator.health$.subscribe({
      complete: () => {
        end();
        checkRows();
        this.after(0, () => {
          this.watch.checkNothingLeft(site);
          site.state = 'down';
          site.database.faults.goAway();
          this.after(downFor, () => {
            this.restart(site);
          });
        });
      },
    });
    this.truth.coordinatorEnded(coordinator.id);
    for (const link of this.linksOf(site)) this.judge.mayBeLost(link.peer);
    site.close$.next();
  }

  restart(site: Site): void {
    if (site.state !== 'down') return;
    this.note(`c${site.index} starts again`);
    Object.assign(site, this.#createSite(site.index));
    // Whoever has a row from an earlier life is there again for others, until that row is looked at.
    for (const { peerId, coordinatorId } of this.database.rows.peers()) {
      if (coordinatorId === site.coordinator.id) this.judge.mayBeLost(peerNumberOf(peerId));
    }
  }

  /** Rows are changed by hand. */
  tampered(): void {
    this.tamperings += 1;
    this.tamperedAt = this.now();
    this.#spared = [];
    this.judge.anythingMayBeTold();
    this.judge.mayBeSlow();
    this.truth.tampered();
  }

  /** A row of this peer cannot be read any more. */
  poisoned(peer: number): void {
    const rows = this.database.rows.backup();
    // Whoever has just lost its tunnel to the peer is about to be told so.
    const watching = this.peers.flatMap(({ link }) =>
      link?.witness.known.get(peer)?.kind === 'there' && sharesTunnel(rows, this.idOf(link.peer), this.idOf(peer))
        ? [link]
        : [],
    );
    for (const link of watching) this.#spared.push([link, peer]);
  }

  checkAllClosed(): void {
    for (const { index, state } of this.sites) {
      if (state !== 'down') this.judge.complain('nothing left', `c${index} does not close`);
    }
  }

  /** How many statements have written something of peers. */
  get writes(): number {
    return (this.counts.get('writeBindings') ?? 0) + (this.counts.get('writeTunnels') ?? 0);
  }

  #createSite(index: number): Site {
    const plan = this.plan;
    const draw = this.#draw;
    const process = this.time.createProcess(plan.clocks[index] ?? 0);
    const lateness = () => site.lateness;
    const perChannel = new Map<string, number>();
    const database = this.database.connect({
      ...(plan.latency > 0 && { latency: () => draw.below(plan.latency) }),
      busLatency: (channel) => {
        const late = lateness();
        if (late === 0) {
          perChannel.clear();
          return plan.latency > 0 ? draw.below(plan.latency) : 0;
        }
        const own = perChannel.get(channel) ?? draw.below(late);
        perChannel.set(channel, own);
        return own;
      },
    });
    const close$ = new Subject<void>();
    const life = (this.#lives.get(index) ?? 0) + 1;
    this.#lives.set(index, life);
    const id = coordinatorIdOf(index, plan.reusesIds ? 1 : life);
    const vitals: Vitals = { health: 'starting', failures: 0, unhealthySince: Infinity };
    const way = gate(database, process, { asked: (...statement) => this.watch.asked(site, ...statement) });
    const coordinator = createCoordinator({
      ...{ id, close$, random: draw, scheduler: process.scheduler, logger: this.#loggerOf(index), database: way },
      tuning: { rollingCheckPeriod: plan.rollingCheck, maxBatchSize: plan.batch, maxUpdatesPerResponse: plan.batch },
    });
    const site: Site = {
      ...{ index, process, database, gate: way, coordinator, close$, vitals, state: 'up', lateness: 0 },
      ...{ statements: new Map(), tunnelWriters: new Set() },
      ...{ disturbances: 0, disturbed: 0, undisturbedSince: this.now() },
    };
    coordinator.health$.subscribe((health) => {
      this.watch.becomes(index, vitals, health);
    });
    return site;
  }

  #loggerOf(index: number) {
    const write = (line: string): void => {
      const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { message: string } };
      this.note(`c${index} logs: ${msg}${err === undefined ? '' : ` (${err.message})`}`);
      if (level < 50 || (level < 60 && isExpectedError(msg))) return;
      this.judge.complain('no defect', `c${index} logs: ${msg} ${err?.message ?? ''}`);
    };
    return pino({ level: this.#isTracing ? 'info' : 'error', base: null, timestamp: false }, { write });
  }

  #peer(peer: number): Peer {
    const found = this.peers[peer];
    if (found === undefined) throw new RangeError(`there is no peer ${peer}`);
    return found;
  }

  linksOf(site: Site): readonly Link[] {
    return [...this.peers.flatMap(({ link }) => link ?? []), ...this.halfOpen].filter(
      (link) => link.process === site.process,
    );
  }

  #say({ id, derp, asOf, link }: Peer): void {
    if (link === undefined) return;
    const node = aNode({
      of: id,
      derp,
      asOf: { seconds: BigInt(Math.floor(asOf / 1_000)), nanos: (asOf % 1_000) * 1_000_000 },
    });
    this.send(link.peer, requests.updateSelf(node), (post) => {
      this.judge.published(link.peer, derp, link);
      this.truth.published(post, derp, this.refused.has(link.peer));
    });
  }

  /** @param effect what is to be noted when the coordinator lets the request take effect */
  send(peer: number, request: CoordinateRequest, effect?: (post: Post) => void): void {
    const { link } = this.#peer(peer);
    link?.process.receive(() => {
      if (link.isOver || link.post === undefined) return;
      if (effect !== undefined) link.effects.set(request, effect);
      link.requests$.next(request);
    });
  }

  /** Allows everything, sooner or later. What it allows takes effect at once. */
  #authOf(link: Link): Auth {
    const takeEffect = (request: CoordinateRequest): void => {
      const effect = link.effects.get(request);
      link.effects.delete(request);
      if (link.post !== undefined) effect?.(link.post);
    };
    return (request) => {
      const wait = this.#draw.below(this.authTime);
      if (wait > 0)
        return timer(wait, link.process.scheduler).pipe(
          ignoreElements(),
          tap({
            complete: () => {
              takeEffect(request);
            },
          }),
        );
      takeEffect(request);
      return undefined;
    };
  }

  #told(link: Link, { error, peerUpdates }: CoordinateResponse, judge: () => void): void {
    if (this.#isTracing) {
      if (error !== '') this.note(`peer ${link.peer} is told: ${error}`);
      for (const update of peerUpdates) {
        const derp = update.node === undefined ? '' : `, derp ${update.node.preferredDerp}`;
        const other = peerNumberOf(peerIdOf(update));
        this.note(`  peer ${link.peer} is told of peer ${other}: ${peerUpdateKindName(update.kind)}${derp}`);
      }
    }
    if (error !== '') this.#endingTold(link, error);
    for (const update of peerUpdates) {
      if (update.kind === PeerUpdateKind.DISCONNECTED) this.#disconnectedTold(link, peerNumberOf(peerIdOf(update)));
    }
    if (!link.isOver) judge();
  }

  /** Whoever saw a peer whose row cannot be read any more must go on seeing it. */
  #disconnectedTold(link: Link, other: number): void {
    const isSpared = this.#spared.some(([spared, seen]) => spared === link && seen === other);
    const rows = this.database.rows.backup();
    const id = this.idOf(other);
    const isThere = rows.peers.some(({ peerId }) => peerId === id);
    if (isSpared && isThere && sharesTunnel(rows, this.idOf(link.peer), id))
      this.judge.complain(
        'torn down for a reason',
        `peer ${link.peer} was told DISCONNECTED of peer ${other}, only because a row cannot be decoded`,
      );
  }

  /** What a connection is told at its end must be so. */
  #endingTold(link: Link, error: string): void {
    const { peer, site, process } = link;
    if (error.startsWith('you do not share a tunnel with ')) link.witness.warnings += 1;
    else if (
      (error === closeErrors.unhealthy && site.process === process && site.vitals.health !== 'unhealthy') ||
      (error === closeErrors.closed && site.process === process && site.state === 'up') ||
      (error === closeErrors.overwritten && !this.#isFollowed(link)) ||
      error === closeErrors.internal
    )
      this.judge.complain('ended for a reason', `peer ${peer} at c${site.index} is told "${error}", which is not so`);
  }

  /** Whether the peer has connected to the same coordinator again since. */
  #isFollowed(link: Link): boolean {
    return link.post !== undefined && this.#holders.get(link.post) !== link;
  }

  /** The coordinator ended a connection. */
  #ended(link: Link): void {
    if (link.isOver) return;
    const { site, peer } = link;
    const wasDisturbed = site.disturbances > 0 || this.now() - site.undisturbedSince < 10_000;
    if (!link.mayEnd && !wasDisturbed) this.judge.complain('ended for a reason', `peer ${peer} at c${site.index}`);
    const wasNewest = this.#peer(peer).link === link;
    if (link.post?.isOpen === true) this.#isLost(link);
    this.#forget(link);
    if (wasNewest && this.plan.areLoyal) this.#comeBack(peer);
  }

  /** As a client does: after a moment, somewhere else, with all that it had. */
  #comeBack(peer: number): void {
    const tunnels = [...this.#peer(peer).tunnels];
    this.after(this.#draw.below(4_000), () => {
      const up = this.sites.filter(({ state }) => state === 'up');
      if (this.#peer(peer).link !== undefined || up.length === 0) return;
      this.note(`peer ${peer} comes back`);
      this.connect(peer, this.#draw.oneOf(up), 'same', tunnels);
    });
  }

  #isReplaced(link: Link): void {
    link.mayEnd = true;
    link.isOver = true;
    this.halfOpen.delete(link);
  }

  #isLost(link: Link): void {
    link.isOver = true;
    this.judge.mayBeLost(link.peer);
    if (link.post !== undefined) this.truth.lost(link.post);
  }

  #forget(link: Link): void {
    if (!link.process.isPaused) link.isOver = true;
    this.halfOpen.delete(link);
    const state = this.#peer(link.peer);
    if (state.link === link) state.link = undefined;
  }

  #siteEnded(site: Site): void {
    for (const link of this.linksOf(site)) {
      link.isOver = true;
      this.judge.mayBeLost(link.peer);
      const wasNewest = this.#peer(link.peer).link === link;
      this.#forget(link);
      if (wasNewest && this.plan.areLoyal) this.#comeBack(link.peer);
    }
    for (const { peer, coordinatorId } of this.truth.openPosts()) {
      if (coordinatorId === site.coordinator.id) this.judge.mayBeLost(peer);
    }
    this.truth.coordinatorEnded(site.coordinator.id);
  }
}
