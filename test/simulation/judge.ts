import { PeerUpdateKind, peerIdOf } from '../../src/proto/responses.js';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateResponse, CoordinateResponse_PeerUpdate } from '../../src/proto/gen/tailnet.js';
import type { InvariantName, Violation } from './invariants.js';

/** What a connected peer was last told of another one. */
export interface Known {
  readonly kind: 'there' | 'lost' | 'gone';
  readonly derp: number;
}

/** What somebody was told over one connection. */
export interface Witness {
  readonly peer: number;
  readonly known: Map<number, Known>;
  /** By peer: the newest node seen of it, of those that it published over one connection only. */
  readonly newest: Map<number, { readonly derp: number; readonly origin: object }>;
  /** Who was ready for a handshake. */
  readonly acknowledgements: Set<number>;
  /** How often it was told that it shares no tunnel with somebody. */
  warnings: number;
}

export const createWitness = (peer: number): Witness => ({
  ...{ peer, known: new Map(), newest: new Map(), acknowledgements: new Set(), warnings: 0 },
});

/** Milliseconds after a reason within which somebody is still told for it, when nothing is disturbed. */
const patience = 12_000;

/** The same where a write may have been done late: the check of the own rows comes up to 20 s after it failed. */
const latePatience = 22_000;

/** The same where a notification may have been lost without anybody knowing, or rows were changed by hand: a rolling check must come by. */
const longPatience = 60_000;

/** Milliseconds for which a coordinator remembers a withdrawal, and a little more. */
const memory = 65_000;

/** Watches everything that peers are told, and says what should not have been. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly #now: () => number;
  readonly #ran: () => number;
  readonly #peerOf: (id: Uuid) => number;
  /** Why somebody may be told that a peer is lost, or gone, by peer or pair; and when there was reason to. */
  readonly #reasons = new Map<string, number>();
  /** By derp: the connection over which it was published; undefined where there were several. */
  readonly #origins = new Map<number, { readonly peer: number; origin: object | undefined }>();
  /** By reason: who took something back, and when by `ran`. */
  readonly #withdrawals = new Map<string, { readonly peer: number; readonly at: number }>();
  readonly #acknowledged = new Set<string>();
  /** Whether something may come right only by a rolling check. */
  isSlow = false;
  #disturbances = 0;
  #disturbedUntil = -Infinity;

  /** @param ran how many milliseconds have passed in every coordinator */
  constructor(now: () => number, ran: () => number, peerOf: (id: Uuid) => number) {
    this.#now = now;
    this.#ran = ran;
    this.#peerOf = peerOf;
  }

  complain(invariant: InvariantName, what: string): void {
    this.violations.push({ invariant, what, at: this.#now() });
  }

  /** Something is disturbed until what is returned is called. */
  disturb(): () => void {
    this.#disturbances += 1;
    return () => {
      this.#disturbances -= 1;
      this.#disturbedUntil = this.#now();
    };
  }

  /** From here on something may come right only by a rolling check. */
  mayBeSlow(): void {
    this.isSlow = true;
  }

  /** There is a reason to tell others that a peer is lost. */
  mayBeLost(peer: number): void {
    const now = this.#now();
    this.#reasons.set(`lost ${peer}`, now);
    // What it took back elsewhere, and is remembered there, may be taken back once more now.
    for (const [reason, withdrawal] of this.#withdrawals) {
      if (this.#ran() - withdrawal.at > memory) this.#withdrawals.delete(reason);
      else if (withdrawal.peer === peer) this.#reasons.set(reason, now);
    }
  }

  /** There is a reason to tell others that a peer is gone. */
  mayBeGone(peer: number): void {
    this.#withdrawn(`gone ${peer}`, peer);
  }

  /** A tunnel that this peer opened may have gone. */
  mayBeParted(peer: number, other: number): void {
    this.#withdrawn(`parted ${Math.min(peer, other)},${Math.max(peer, other)}`, peer);
  }

  #withdrawn(reason: string, peer: number): void {
    this.#reasons.set(reason, this.#now());
    this.#withdrawals.set(reason, { peer, at: this.#ran() });
  }

  /** Anything may be told of anybody: rows were changed by hand. */
  anythingMayBeTold(): void {
    this.#reasons.set('hand', this.#now());
  }

  /** A write that failed may be done later, over what was written since. The check of the own rows mends that. */
  mayGoBack(): void {
    this.#reasons.set('late', this.#now());
  }

  published(peer: number, derp: number, origin: object): void {
    const before = this.#origins.get(derp);
    this.#origins.set(derp, { peer, origin: before === undefined || before.origin === origin ? origin : undefined });
  }

  acknowledged(peer: number, to: number): void {
    this.#acknowledged.add(`${peer},${to}`);
  }

  /** Everything has come right: reasons from before count no more. */
  allIsCalm(): void {
    this.#reasons.clear();
    this.isSlow = false;
    this.#disturbedUntil = -Infinity;
  }

  told(witness: Witness, response: CoordinateResponse, updatesPerResponse: number): void {
    if (response.peerUpdates.length > updatesPerResponse) {
      this.complain('bounded work', `${response.peerUpdates.length} updates in a response`);
    }
    for (const update of response.peerUpdates) this.#updateTold(witness, update);
  }

  #updateTold(witness: Witness, update: CoordinateResponse_PeerUpdate): void {
    const other = this.#peerOf(peerIdOf(update));
    const before = witness.known.get(other);
    const derp = update.node?.preferredDerp ?? 0;
    const about = `peer ${witness.peer} was told of peer ${other}`;
    if (update.kind === PeerUpdateKind.READY_FOR_HANDSHAKE) {
      witness.acknowledgements.add(other);
      if (!this.#acknowledged.has(`${other},${witness.peer}`)) {
        this.complain('nothing invented', `${about} that it is ready for a handshake, which it never said`);
      }
      return;
    }
    const problem = notADifference(before, update, derp);
    if (problem !== undefined) this.complain('only differences', `${about}: ${problem}`);

    switch (update.kind) {
      case PeerUpdateKind.NODE:
        this.#checkNode(witness, other, derp, about);
        witness.known.set(other, { kind: 'there', derp });
        break;
      case PeerUpdateKind.LOST:
        if (!this.#isFresh(`lost ${other}`) && !this.#isFresh(`gone ${other}`))
          this.complain('lost for a reason', `${about} that it is LOST, and it has been there all the time`);
        witness.known.set(other, { kind: 'lost', derp });
        break;
      case PeerUpdateKind.DISCONNECTED: {
        const pair = [witness.peer, other].sort((a, b) => a - b).join(',');
        if (!this.#isFresh(`gone ${other}`) && !this.#isFresh(`parted ${pair}`)) {
          this.complain('torn down for a reason', `${about} DISCONNECTED, and they share a tunnel all the time`);
        }
        witness.known.set(other, { kind: 'gone', derp: before?.derp ?? 0 });
        break;
      }
      default:
        this.complain('nothing invented', `${about} an update of kind ${update.kind}`);
    }
  }

  #checkNode(witness: Witness, other: number, derp: number, about: string): void {
    const published = this.#origins.get(derp);
    if (published?.peer !== other) {
      this.complain('nothing invented', `${about} derp ${derp}, which it never published`);
      return;
    }
    const { origin } = published;
    if (origin === undefined) return;
    const newest = witness.newest.get(other);
    if (newest?.origin === origin && newest.derp > derp && !this.#isFresh('hand') && !this.#isFresh('late')) {
      this.complain('newest last', `${about} derp ${derp} after ${newest.derp}`);
    }
    if (newest?.origin !== origin || newest.derp < derp) witness.newest.set(other, { derp, origin });
  }

  #isFresh(reason: string): boolean {
    const at = Math.max(this.#reasons.get(reason) ?? -Infinity, this.#reasons.get('hand') ?? -Infinity);
    if (at === -Infinity) return false;
    const now = this.#now();
    const undisturbedSince = this.#disturbances > 0 ? now : this.#disturbedUntil;
    return now - Math.max(at, undisturbedSince) <= this.#patience();
  }

  #patience(): number {
    if (this.isSlow) return longPatience;
    return this.#reasons.has('late') ? latePatience : patience;
  }
}

/** The table of SPEC 1.9, read backwards: what an update presupposes. */
const notADifference = (
  before: Known | undefined,
  { kind, reason, node }: CoordinateResponse_PeerUpdate,
  derp: number,
): string | undefined => {
  const was = before?.kind ?? 'gone';
  const expected = (words: string): string | undefined =>
    reason === words ? undefined : `reason "${reason}" instead of "${words}"`;
  switch (kind) {
    case PeerUpdateKind.NODE:
      if (node === undefined) return 'NODE without a node';
      if (was === 'there') return before?.derp === derp ? `derp ${derp} again` : expected('update');
      return expected(was === 'lost' ? 'found' : 'new');
    case PeerUpdateKind.LOST:
      if (node === undefined) return 'LOST without a node';
      return was === 'there' ? expected('lost') : `LOST although it is ${was}`;
    case PeerUpdateKind.DISCONNECTED:
      if (node !== undefined) return 'DISCONNECTED with a node';
      return was === 'gone' ? 'DISCONNECTED although it is gone' : expected('disconnected');
    default:
      return undefined;
  }
};
