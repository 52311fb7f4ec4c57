import { Observable, type Subscriber, type Subscription } from 'rxjs';
import {
  type CoordinateRequest,
  type CoordinateResponse,
  type Coordinator,
  PeerUpdateKind,
  requests,
} from 'tailnet-coordinator';
import { type Acquaintance, newAcquaintance } from './acquaintance.js';
import type { Milestone } from './milestone.js';
import { tunnelTo, updateWith } from './nodeComposer.js';
import { numberOf } from './numberOf.js';
import type { PeerRun } from './peerRun.js';

/**
 * A peer of the benchmark: it sends what it is told to, takes every response at once, stamps it, and remembers the
 * newest version of each other peer. Time and memory of it count as the coordinator's, so it is its own observer, and
 * holds one acquaintance in place and a map only from the second on.
 */
export class BenchPeer {
  readonly number: number;
  readonly #run: PeerRun;
  #requests: Subscriber<CoordinateRequest> | undefined;
  #subscription: Subscription | undefined;
  #version = 0;
  #first: Acquaintance | undefined;
  #others: Map<number, Acquaintance> | undefined;

  constructor(peer: number, run: PeerRun) {
    this.number = peer;
    this.#run = run;
  }

  /** The version it published last. */
  get version(): number {
    return this.#version;
  }

  connect(coordinator: Pick<Coordinator, 'coordinate$'>): void {
    const requests$ = new Observable<CoordinateRequest>((subscriber) => {
      this.#requests = subscriber;
    });
    this.#subscription = coordinator.coordinate$(this.#run.ids.uuidOf(this.number), requests$).subscribe(this);
  }

  /** Publishes the next version. Returns the time just before it was handed over. */
  update(version = this.#version + 1): number {
    this.#version = version;
    const request = updateWith(this.#run.compose(this.number, version));
    const at = performance.now();
    this.#send(request);
    return at;
  }

  addTunnel(other: number): void {
    this.#send(tunnelTo(this.#run.ids.bytesOf(other)));
  }

  /** Says goodbye. */
  disconnect(): void {
    this.#send(requests.disconnect());
  }

  /** Breaks the connection. */
  drop(): void {
    this.#subscription?.unsubscribe();
  }

  /** Whether it has this version of another peer, or a later one. */
  has(other: number, version: number): boolean {
    return (this.#find(other)?.version ?? 0) >= version;
  }

  /** A milestone gets an arrival when this peer has this version of another one, or a later one; at once if it has. */
  whenHas(other: number, version: number, milestone: Milestone): void {
    const acquaintance = this.#meet(other);
    if (acquaintance.version >= version) {
      milestone.arrive(performance.now());
      return;
    }
    acquaintance.awaited = version;
    acquaintance.seen = milestone;
  }

  /** A milestone gets an arrival when this peer is next told that another one is lost. */
  whenLost(other: number, milestone: Milestone): void {
    this.#meet(other).lost = milestone;
  }

  /** The time at which it has a version of another peer; undefined if that takes longer than `patience` milliseconds. */
  eventuallyHas(other: number, version: number, patience: number): Promise<number | undefined> {
    const milestone = this.#run.watchdog.expect(1, patience);
    this.whenHas(other, version, milestone);
    return milestone.reached;
  }

  /** Takes a response off the stream; for RxJS. */
  next({ peerUpdates, error }: CoordinateResponse): void {
    const at = performance.now();
    this.#run.received += peerUpdates.length;
    for (const { id, kind, node } of peerUpdates) {
      if (kind === PeerUpdateKind.NODE) {
        if (node !== undefined) this.#sees(numberOf(id), node.preferredDerp, at);
      } else if (kind === PeerUpdateKind.LOST) {
        this.#loses(numberOf(id), at);
      }
    }
    if (error !== '') this.#complain(error);
  }

  /** A coordinator never does this; for RxJS. */
  error(error: unknown): void {
    this.#complain(String(error));
  }

  #sees(other: number, version: number, at: number): void {
    const acquaintance = this.#meet(other);
    // What was read stays read, whatever is sent again.
    if (version > acquaintance.version) acquaintance.version = version;
    const { seen } = acquaintance;
    if (seen === undefined || version < acquaintance.awaited) return;
    acquaintance.seen = undefined;
    seen.arrive(at);
  }

  #loses(other: number, at: number): void {
    const acquaintance = this.#meet(other);
    const { lost } = acquaintance;
    acquaintance.lost = undefined;
    lost?.arrive(at);
  }

  #find(other: number): Acquaintance | undefined {
    return this.#first?.peer === other ? this.#first : this.#others?.get(other);
  }

  #meet(other: number): Acquaintance {
    const known = this.#find(other);
    if (known !== undefined) return known;
    const met = newAcquaintance(other);
    if (this.#first === undefined) this.#first = met;
    else (this.#others ??= new Map()).set(other, met);
    return met;
  }

  #send(request: CoordinateRequest): void {
    if (this.#requests === undefined) throw new Error(`peer ${this.number} is not connected`);
    this.#requests.next(request);
  }

  #complain(error: string): void {
    const { complaints } = this.#run;
    complaints.set(error, (complaints.get(error) ?? 0) + 1);
  }
}
