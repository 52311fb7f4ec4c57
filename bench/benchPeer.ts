import { type Coordinator, type CoordinateRequest, PeerUpdateKind, requests } from 'tailnet-coordinator';
import { Subject, type Subscription } from 'rxjs';
import { type Ids, updateOf } from './benchNode.js';

/** Somebody waits until a peer has a version of another one. */
interface Wait {
  readonly version: number;
  readonly resolve: (at: number) => void;
}

/**
 * A peer of the benchmark: it sends what it is told to, takes every response at once, and knows the newest version
 * (`preferred_derp`) it has of each other peer. Its state is small, because it counts as memory of the process.
 */
export class BenchPeer {
  readonly number: number;
  readonly #ids: Ids;
  readonly #requests$ = new Subject<CoordinateRequest>();
  readonly #has = new Map<number, number>();
  readonly #waits = new Map<number, Set<Wait>>();
  #losses: Map<number, (at: number) => void> | undefined;
  #subscription: Subscription | undefined;
  #version = 0;
  #received = 0;

  constructor(peer: number, ids: Ids) {
    this.number = peer;
    this.#ids = ids;
  }

  /** Entries in all responses so far. */
  get received(): number {
    return this.#received;
  }

  /** The version it published last. */
  get version(): number {
    return this.#version;
  }

  connect(coordinator: Coordinator): void {
    this.#subscription = coordinator
      .coordinate$(this.#ids.uuidOf(this.number), this.#requests$)
      .subscribe((response) => {
        const at = performance.now();
        for (const { id, node, kind } of response.peerUpdates) {
          this.#received++;
          const other = this.#ids.numberOf(id);
          if (kind === PeerUpdateKind.NODE && node !== undefined) this.#sees(other, node.preferredDerp, at);
          else if (kind === PeerUpdateKind.LOST) this.#losses?.get(other)?.(at);
        }
      });
  }

  /** Publishes the next version. Returns when, before it was handed over. */
  update(version = this.#version + 1): number {
    this.#version = version;
    const request = updateOf(this.number, version);
    const at = performance.now();
    this.#requests$.next(request);
    return at;
  }

  addTunnel(other: number): void {
    this.#requests$.next(requests.addTunnel(this.#ids.uuidOf(other)));
  }

  /** Whether it has this version of another peer, or a later one. */
  has(other: number, version: number): boolean {
    return (this.#has.get(other) ?? 0) >= version;
  }

  /** Resolves with the time at which it has this version of another peer, or a later one. */
  eventuallyHas(other: number, version: number): Promise<number> {
    if (this.has(other, version)) return Promise.resolve(performance.now());
    return new Promise((resolve) => {
      const waits = this.#waits.get(other) ?? new Set();
      this.#waits.set(other, waits.add({ version, resolve }));
    });
  }

  /** Resolves with the time at which it is told that another peer is lost. */
  eventuallyLoses(other: number): Promise<number> {
    return new Promise((resolve) => (this.#losses ??= new Map()).set(other, resolve));
  }

  leave(): void {
    this.#subscription?.unsubscribe();
  }

  #sees(other: number, version: number, at: number): void {
    this.#has.set(other, version);
    const waits = this.#waits.get(other);
    if (waits === undefined) return;
    for (const wait of waits) {
      if (wait.version > version) continue;
      waits.delete(wait);
      wait.resolve(at);
    }
    if (waits.size === 0) this.#waits.delete(other);
  }
}
