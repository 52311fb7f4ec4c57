import type { Logger } from 'pino';
import { type Observable, EMPTY, catchError, concat, defer, map } from 'rxjs';
import type { Microseconds, Tunnel, Uuid } from '../db/store.js';
import { coalesceByKey } from './operators/coalesceByKey.js';
import type { SourceWrites, StoreCalls } from './storeCalls.js';
import { createInbox } from './inbox.js';

/** What a source wants of its tunnels. */
export type TunnelChange =
  | { readonly kind: 'add' | 'remove'; readonly src: Uuid; readonly dst: Uuid }
  /** The source said goodbye: all its tunnels go. */
  | { readonly kind: 'clear'; readonly src: Uuid }
  /** The source's connection broke: its tunnels stay, but nobody here answers for them any more. */
  | { readonly kind: 'release'; readonly src: Uuid };

/** What was written of a source's tunnels, and when by the database's clock. */
export interface WrittenTunnels extends SourceWrites {
  readonly at: Microseconds;
}

/** Keeps the tunnels that connected peers opened, and writes what they change. */
export interface Tunneler {
  /** Takes in what a source wants. */
  accept(change: TunnelChange): void;
  /** Writes again what a connected source wants of a tunnel whose row was found missing, or still there. */
  readonly reassert: (src: Uuid, dst: Uuid) => void;
  /** The tunnels that a connected source wants. */
  wantedBy(src: Uuid): ReadonlySet<Uuid>;
  /** The tunnels that connected sources want. */
  wanted(): Iterable<Tunnel>;
  /** Whether a connected source has removed this tunnel, as far as that is remembered. */
  hasRemoved(src: Uuid, dst: Uuid): boolean;
  /** Takes in nothing more. */
  end(): void;
  /** Writes while it is subscribed to; completes when it was ended and everything is written. */
  readonly written$: Observable<WrittenTunnels>;
}

interface Operation {
  readonly kind: 'add' | 'remove';
}

/**
 * What is still to be written of one source, and what it wants. All its writes go out one after the other, so that a
 * goodbye and a tunnel that was just being opened cannot overtake each other.
 */
interface Source {
  readonly wanted: Set<Uuid>;
  /** What it removed last, oldest first; for the check of the own rows. */
  readonly removed: Set<Uuid>;
  readonly unwritten: Map<Uuid, Operation>;
  /** A goodbye that is to be written before `unwritten`; an object of its own, to tell it from a later one. */
  clear: object | undefined;
}

const nothing: ReadonlySet<Uuid> = new Set();

/** So many removed tunnels of a source are remembered. */
const rememberedRemovals = 1000;

/**
 * @param goodbyeWritten$ completes when a source's bindings are gone, if it said goodbye. Its tunnels are cleared only
 * then: a clear spares the tunnels at other coordinators where the source is live, and one that came first could take
 * for live what a moment later turns out to be lost, and goes with the goodbye. Then nobody would ever look for the
 * tunnels again. Default: nothing is waited for.
 */
export const createTunneler = (
  calls: Pick<StoreCalls, 'writeTunnels' | 'retry'>,
  logger: Logger,
  goodbyeWritten$: (src: Uuid) => Observable<never> = () => EMPTY,
): Tunneler => {
  const sources = new Map<Uuid, Source>();
  const dirty$ = createInbox<Uuid>();

  const sourceOf = (src: Uuid): Source => {
    let source = sources.get(src);
    if (source === undefined)
      sources.set(src, (source = { wanted: new Set(), removed: new Set(), unwritten: new Map(), clear: undefined }));
    return source;
  };

  const isSettled = (source: Source): boolean => source.unwritten.size === 0 && source.clear === undefined;

  const dropIfIdle = (src: Uuid): void => {
    const source = sources.get(src);
    if (source?.wanted.size === 0 && source.removed.size === 0 && isSettled(source)) sources.delete(src);
  };

  const rememberRemoval = ({ removed }: Source, dst: Uuid): void => {
    removed.add(dst);
    for (const oldest of removed) {
      if (removed.size <= rememberedRemovals) break;
      removed.delete(oldest);
    }
  };

  const clearable$ = (src: Uuid): Observable<never> =>
    defer(() => (sources.get(src)?.clear === undefined ? EMPTY : goodbyeWritten$(src)));

  /** Writes all that is unwritten when the statement is made, and again on each retry. */
  const writeUnwritten = (src: Uuid): Observable<WrittenTunnels> => {
    let settle = (): void => {};
    const write$ = defer(() => {
      const source = sources.get(src);
      if (source === undefined || isSettled(source)) return EMPTY;
      const { clear } = source;
      let writes: SourceWrites = { src, add: [], remove: [], clear: false };
      const newest = (): SourceWrites => {
        // A goodbye that came meanwhile has to wait for the bindings, and what came after it for the goodbye.
        const operations = source.clear === clear ? [...source.unwritten] : [];
        const isCleared = clear !== undefined && source.clear === clear;
        // What comes from here on is still to be written afterwards.
        settle = () => {
          for (const [dst, operation] of operations) {
            if (source.unwritten.get(dst) === operation) source.unwritten.delete(dst);
          }
          if (isCleared && source.clear === clear) source.clear = undefined;
          dropIfIdle(src);
        };
        const destinations = (kind: Operation['kind']) =>
          operations.filter(([, operation]) => operation.kind === kind).map(([dst]) => dst);
        return (writes = { src, add: destinations('add'), remove: destinations('remove'), clear: isCleared });
      };
      return calls.writeTunnels(newest).pipe(
        map((at) => {
          settle();
          return { ...writes, at };
        }),
      );
    });
    return concat(clearable$(src), write$).pipe(
      calls.retry(),
      catchError((err: unknown) => {
        logger.error({ err, peer_id: src }, 'tunnels given up');
        settle();
        return EMPTY;
      }),
    );
  };

  return {
    accept: (change) => {
      const { src } = change;
      const source = sourceOf(src);
      switch (change.kind) {
        case 'add':
          source.wanted.add(change.dst);
          source.removed.delete(change.dst);
          source.unwritten.set(change.dst, { kind: 'add' });
          break;
        case 'remove':
          source.wanted.delete(change.dst);
          rememberRemoval(source, change.dst);
          source.unwritten.set(change.dst, { kind: 'remove' });
          break;
        case 'clear':
          source.wanted.clear();
          source.removed.clear();
          source.unwritten.clear();
          source.clear = {};
          break;
        case 'release':
          source.wanted.clear();
          source.removed.clear();
          dropIfIdle(src);
          return;
      }
      dirty$.next(src);
    },
    reassert: (src, dst) => {
      const source = sources.get(src);
      if (source === undefined || source.unwritten.has(dst)) return;
      if (source.wanted.has(dst)) source.unwritten.set(dst, { kind: 'add' });
      else if (source.removed.has(dst)) source.unwritten.set(dst, { kind: 'remove' });
      else return;
      dirty$.next(src);
    },
    wantedBy: (src) => sources.get(src)?.wanted ?? nothing,
    hasRemoved: (src, dst) => sources.get(src)?.removed.has(dst) ?? false,
    *wanted() {
      for (const [src, { wanted }] of sources) for (const dst of wanted) yield { src, dst };
    },
    end: () => {
      dirty$.complete();
    },
    written$: dirty$.pipe(coalesceByKey(writeUnwritten)),
  };
};
