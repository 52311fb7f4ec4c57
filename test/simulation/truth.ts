import type { Uuid } from '../../src/db/store.js';
import type { Backup } from '../../src/testing/memory/rows.js';
import { derpOf } from './expected.js';
import { coordinatorNameOf } from './names.js';

/** What a coordinator has heard from a peer, going by nothing but what the peer said to it. */
export interface Post {
  readonly peer: number;
  readonly coordinatorId: Uuid;
  /** Whether the coordinator has a connection with it. */
  isOpen: boolean;
  /** The node that it published last. */
  derp: number | undefined;
  readonly wanted: Set<number>;
  /** The tunnels that it has removed over this connection. */
  readonly removed: Set<number>;
  /** When it last said something. */
  saidAt: number;
  /** Whether the database would not take the node that it published last. */
  isRefused: boolean;
}

/** Something about those who are not connected, and whether it is certain. */
interface Fact {
  readonly value: boolean;
  isCertain: boolean;
  /** To whom it was said; undefined for what was read from the rows. */
  readonly coordinatorId?: Uuid;
  /** Whether something said elsewhere may still come after it. */
  readonly isRacing?: boolean;
}

interface Withdrawal {
  readonly keys: readonly string[];
  readonly peer: number;
  readonly coordinatorId: Uuid;
  readonly at: number;
  /** The same by what has passed in every coordinator. */
  readonly ranAt: number;
  /** Whether it may be written late, after what the peer says elsewhere by then. */
  mayBeLate: boolean;
}

/** Milliseconds for which a coordinator remembers what it could not remove elsewhere yet; a little more, and less. */
const memory = { most: 61_000, least: 55_000 };

/**
 * Milliseconds within which something said may still be on its way into the database. If its coordinator is disturbed
 * within them, nobody can know whether it arrives, or what it arrives after.
 */
const onItsWay = 3_000;

/** Milliseconds after which everybody has noticed that a peer, or a coordinator, is gone. */
const noticed = 10_000;

/**
 * What is true after all that peers said. Of those who are connected everything is certain. Of the others it is, unless
 * what they said last was disturbed on its way; then whatever the tables say may be true.
 */
export class Truth {
  readonly #now: () => number;
  readonly #ran: () => number;
  readonly #idOf: (peer: number) => Uuid;
  readonly #posts = new Map<string, Post>();
  /** Whether a peer has said something since its last goodbye. */
  readonly #presence = new Map<number, Fact>();
  /** By `src,dst`. */
  readonly #edges = new Map<string, Fact>();
  readonly #withdrawals = new Set<Withdrawal>();
  readonly #said: { readonly fact: Fact; readonly coordinatorId: Uuid; readonly at: number }[] = [];
  readonly #lastWords = new Map<number, { readonly at: number; readonly coordinatorId: Uuid }>();
  /** Coordinators that are disturbed now. */
  readonly #disturbed = new Map<Uuid, number>();

  /** @param ran how many milliseconds have passed in every coordinator */
  constructor(now: () => number, ran: () => number, idOf: (peer: number) => Uuid) {
    this.#now = now;
    this.#ran = ran;
    this.#idOf = idOf;
  }

  /** A coordinator has taken a connection. The newest of a peer goes on where an older one is still open. */
  connected(peer: number, coordinatorId: Uuid): Post {
    const key = `${coordinatorId} ${peer}`;
    const post = this.#posts.get(key) ?? {
      ...{
        peer,
        coordinatorId,
        isOpen: true,
        derp: undefined,
        wanted: new Set<number>(),
        removed: new Set<number>(),
        saidAt: -Infinity,
        isRefused: false,
      },
    };
    this.#posts.set(key, post);
    // What it took back elsewhere since it was here before is wanted here.
    for (const dst of post.wanted) {
      if (this.#edges.get(edge(peer, dst))?.value !== true)
        this.#edges.set(edge(peer, dst), { value: true, isCertain: false });
    }
    post.isOpen = true;
    // Three coordinators in a row: who is back somewhere before the first has noticed that it left keeps what it had there.
    const isElsewhere = this.openPosts(peer).some((other) => other.coordinatorId !== coordinatorId);
    for (const withdrawal of this.#withdrawals) {
      if (withdrawal.peer === peer && (isElsewhere || this.#now() - withdrawal.at < noticed)) this.#doubt(withdrawal);
    }
    return post;
  }

  published(post: Post, derp: number, isRefused: boolean): void {
    post.derp = derp;
    post.isRefused = isRefused;
    post.saidAt = this.#now();
    this.#put(this.#presence, post.peer, true, post);
  }

  opened(post: Post, dst: number): void {
    post.wanted.add(dst);
    post.removed.delete(dst);
    post.saidAt = this.#now();
    const fact = this.#put(this.#edges, edge(post.peer, dst), true, post);
    // A goodbye that is still on its way may find the tunnel, and nothing yet that says that the peer is there again.
    for (const { peer, at } of this.#withdrawals) {
      if (peer === post.peer && this.#now() - at < onItsWay) fact.isCertain = false;
    }
  }

  shut(post: Post, dst: number): void {
    post.wanted.delete(dst);
    post.removed.add(dst);
    this.#withdraw(post, [edge(post.peer, dst)]);
    this.#put(this.#edges, edge(post.peer, dst), false, post);
    this.#doubtIfHasty(post);
  }

  left(post: Post): void {
    const { peer } = post;
    const edges = [...this.#edges.keys()].filter((key) => key.startsWith(`${peer},`));
    this.#withdraw(post, ['presence', ...edges]);
    this.#put(this.#presence, peer, false, post);
    for (const key of edges) this.#put(this.#edges, key, false, post);
    this.#doubtIfHasty(post);
    this.#end(post);
  }

  /** The connection is over without a goodbye. */
  lost(post: Post): void {
    const { peer, coordinatorId, saidAt } = post;
    this.#lastWords.set(peer, { at: saidAt, coordinatorId });
    // Who is lost before its first node is written is not written at all: nobody has seen it.
    const presence = this.#presence.get(peer);
    if (presence !== undefined && this.#now() - saidAt < onItsWay) presence.isCertain = false;
    for (const withdrawal of this.#withdrawals) {
      if (withdrawal.peer !== peer) continue;
      // What was taken back elsewhere is forgotten there by now, or soon.
      if (this.#now() - withdrawal.at > memory.least) this.#doubt(withdrawal);
      // Or it is not, and reaches what the peer said here right after: decision 6.
      if (this.#isRemembered(withdrawal) && withdrawal.coordinatorId !== coordinatorId) this.#doubtReturn(withdrawal);
    }
    this.#end(post);
  }

  /** A coordinator cannot do, for now, what it should. */
  disturb(coordinatorId: Uuid): () => void {
    this.#disturbed.set(coordinatorId, (this.#disturbed.get(coordinatorId) ?? 0) + 1);
    this.#shake(coordinatorId);
    return () => {
      this.#disturbed.set(coordinatorId, (this.#disturbed.get(coordinatorId) ?? 0) - 1);
      this.#shake(coordinatorId);
    };
  }

  /** A coordinator ended, and with it its memory of what could not be removed elsewhere yet. */
  coordinatorEnded(coordinatorId: Uuid): void {
    this.#shake(coordinatorId);
    for (const withdrawal of this.#withdrawals) {
      if (withdrawal.coordinatorId === coordinatorId) this.#doubt(withdrawal);
    }
    for (const post of this.openPosts()) if (post.coordinatorId === coordinatorId) this.lost(post);
    // Another one may come by the same id, and knows nothing.
    for (const [key, post] of this.#posts) if (post.coordinatorId === coordinatorId) this.#posts.delete(key);
  }

  /** Somebody changed the tables by hand: what nobody connected answers for may be anything. */
  tampered(): void {
    for (const fact of [...this.#presence.values(), ...this.#edges.values()]) fact.isCertain = false;
  }

  /** The database would not take what this peer published. */
  refused(peer: number): void {
    const fact = this.#presence.get(peer);
    if (fact !== undefined) fact.isCertain = false;
    for (const post of this.openPosts(peer)) post.isRefused = true;
  }

  openPosts(peer?: number): readonly Post[] {
    return [...this.#posts.values()].filter((post) => post.isOpen && (peer === undefined || post.peer === peer));
  }

  /** Whom this peer has, or had, tunnels to. */
  tunnelsOf(peer: number): readonly number[] {
    return [...this.#edges]
      .filter(([key, { value }]) => value && key.startsWith(`${peer},`))
      .map(([key]) => Number(key.split(',')[1]));
  }

  /**
   * What is wrong with the rows. What was not certain is so from here on: as the rows say.
   *
   * @param spared peers whose nodes the database would not take
   */
  complaints(rows: Backup, live: ReadonlySet<Uuid>, peers: number, spared: ReadonlySet<number>): readonly string[] {
    const complaints: string[] = [];
    const edges = new Set(rows.tunnels.map(({ src, dst }) => `${src},${dst}`));
    for (let peer = 0; peer < peers; peer++) {
      const own = rows.peers.filter(({ peerId }) => peerId === this.#idOf(peer));
      const there = own.filter(({ status, coordinatorId }) => status === 'ok' && live.has(coordinatorId));
      const [post] = this.openPosts(peer);
      if (!spared.has(peer)) {
        const found = there
          .map((row) => `derp ${derpOf(row)} at ${coordinatorNameOf(row.coordinatorId)}`)
          .join(' and ');
        const right = post?.derp === undefined ? '' : `derp ${post.derp} at ${coordinatorNameOf(post.coordinatorId)}`;
        if (found !== right)
          complaints.push(`peer ${peer} is there with ${found || 'nothing'}, instead of ${right || 'nothing'}`);
      }
      const presence = this.#presence.get(peer);
      if (post === undefined && presence?.isCertain === true && presence.value !== own.length > 0) {
        complaints.push(`peer ${peer} ${presence.value ? 'is lost, and has no row' : 'has left, and has a row'}`);
      }
      if (presence?.value === undefined && own.length > 0)
        complaints.push(`peer ${peer} has a row, and never said a thing`);
      this.#presence.set(peer, { value: own.length > 0, isCertain: true });

      for (let other = 0; other < peers; other++) {
        const key = edge(peer, other);
        const isThere = edges.has(`${this.#idOf(peer)},${this.#idOf(other)}`);
        const fact = this.#edges.get(key) ?? { value: false, isCertain: true };
        // One row of a pair is as good as two: a missing one is noticed when the other goes, or by the check of the own rows.
        const isShared = isThere || edges.has(`${this.#idOf(other)},${this.#idOf(peer)}`);
        if (post?.wanted.has(other) === true ? !isShared : fact.isCertain && fact.value !== isThere) {
          complaints.push(`the tunnel ${key} is ${isThere ? 'there, and was taken back' : 'not there, and is wanted'}`);
        }
        const isKept = rows.tunnels.some(
          ({ src, dst, coordinatorId }) =>
            src === this.#idOf(peer) && dst === this.#idOf(other) && coordinatorId === post?.coordinatorId,
        );
        if (isKept && post?.removed.has(other) === true)
          complaints.push(`the tunnel ${key} is there where its own peer has removed it`);
        if (isThere || this.#edges.has(key)) this.#edges.set(key, { value: isThere, isCertain: true });
      }
    }
    this.#said.length = 0;
    for (const withdrawal of this.#withdrawals) withdrawal.mayBeLate = false;
    return complaints;
  }

  #put<K>(facts: Map<K, Fact>, key: K, value: boolean, { peer, coordinatorId }: Post): Fact {
    const isOvertaken = [...this.#withdrawals].some(
      (withdrawal) => withdrawal.mayBeLate && withdrawal.peer === peer && withdrawal.coordinatorId !== coordinatorId,
    );
    // What was said before, elsewhere, and may still be under way there, may come after this.
    const before = facts.get(key);
    const isRacing =
      before?.isCertain === false && (before.isRacing === true || before.coordinatorId !== coordinatorId);
    const fact = {
      value,
      isCertain: !isOvertaken && !isRacing && !this.#isDisturbed(coordinatorId),
      coordinatorId,
      isRacing,
    };
    facts.set(key, fact);
    this.#said.push({ fact, coordinatorId, at: this.#now() });
    return fact;
  }

  #withdraw({ peer, coordinatorId }: Post, keys: readonly string[]): void {
    for (const withdrawal of this.#withdrawals) {
      if (!this.#isRemembered(withdrawal)) this.#withdrawals.delete(withdrawal);
    }
    const mayBeLate = this.#isDisturbed(coordinatorId);
    this.#withdrawals.add({ peer, coordinatorId, keys, at: this.#now(), ranAt: this.#ran(), mayBeLate });
  }

  /** Whether the coordinator that was told may remember it. */
  #isRemembered({ ranAt }: Withdrawal): boolean {
    return this.#ran() - ranAt <= memory.most;
  }

  #isDisturbed(coordinatorId: Uuid): boolean {
    return (this.#disturbed.get(coordinatorId) ?? 0) > 0;
  }

  /** A node that was said at one coordinator just before a goodbye at another may be written after it. */
  #doubtIfHasty({ peer, coordinatorId }: Post): void {
    const words = this.#lastWords.get(peer);
    const others = this.openPosts(peer).filter((other) => other.coordinatorId !== coordinatorId);
    const isHasty =
      (words !== undefined && words.coordinatorId !== coordinatorId && this.#now() - words.at < onItsWay) ||
      others.some(({ saidAt }) => this.#now() - saidAt < onItsWay);
    const isDisturbed = others.some((other) => this.#isDisturbed(other.coordinatorId));
    // Where it never published anything, nothing tells the coordinator's other life from none: decision 6.
    const isNobody = others.some(({ derp }) => derp === undefined);
    if (!isHasty && !isDisturbed && !isNobody) return;
    for (const withdrawal of this.#withdrawals) if (withdrawal.peer === peer) this.#doubt(withdrawal);
  }

  /** What was taken back may be there still, or gone again. */
  #doubt({ peer, keys }: Withdrawal): void {
    for (const key of keys) {
      const fact = key === 'presence' ? this.#presence.get(peer) : this.#edges.get(key);
      if (fact !== undefined) fact.isCertain = false;
    }
  }

  /** What has come since then may be taken for what was there before. */
  #doubtReturn({ peer, keys }: Withdrawal): void {
    const isGoodbye = keys.includes('presence');
    const presence = this.#presence.get(peer);
    if (isGoodbye && presence?.value === true) presence.isCertain = false;
    for (const [key, fact] of this.#edges) {
      if (fact.value && (isGoodbye ? key.startsWith(`${peer},`) : keys.includes(key))) fact.isCertain = false;
    }
  }

  /** What was just said to a coordinator may get lost, or late; so may what others still wait for from it. */
  #shake(coordinatorId: Uuid): void {
    const now = this.#now();
    for (const said of this.#said) {
      if (said.coordinatorId === coordinatorId && now - said.at < onItsWay) said.fact.isCertain = false;
    }
    const residents = new Set(
      this.openPosts()
        .filter((post) => post.coordinatorId === coordinatorId)
        .map(({ peer }) => peer),
    );
    for (const withdrawal of this.#withdrawals) {
      if (residents.has(withdrawal.peer)) this.#doubt(withdrawal);
      if (withdrawal.coordinatorId === coordinatorId && now - withdrawal.at < onItsWay) withdrawal.mayBeLate = true;
    }
  }

  #end(post: Post): void {
    post.isOpen = false;
    post.derp = undefined;
    post.wanted.clear();
    post.removed.clear();
  }
}

const edge = (src: number, dst: number): string => `${src},${dst}`;
