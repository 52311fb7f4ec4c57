import type { Logger } from 'pino';
import { type Observable, EMPTY, defer, filter, finalize, map, merge, tap } from 'rxjs';
import { type Tunnel, type TunnelsWritten, type TunnelWrites, type Uuid, StoreError } from '../db/store.js';
import type { Binder } from './binder.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import type { LateTunnels } from './lateTunnels.js';
import { repeatWhile } from './operators/repeatWhile.js';
import type { StoreCalls } from './storeCalls.js';
import { createInbox } from './inbox.js';

/** What a source wants of its tunnels. */
export type TunnelChange =
  | { readonly kind: 'add' | 'remove'; readonly src: Uuid; readonly dst: Uuid }
  /** A removal that was written before is made again, unless the source has opened the tunnel, or removed it, meanwhile. */
  | { readonly kind: 'withdraw'; readonly src: Uuid; readonly dst: Uuid }
  /** The source said goodbye: all its tunnels go. */
  | { readonly kind: 'clear'; readonly src: Uuid }
  /** The source's connection broke: its tunnels stay, but nobody here answers for them any more. */
  | { readonly kind: 'release'; readonly src: Uuid };

/** What became of one source's tunnels in one statement. */
export interface WrittenSource {
  readonly src: Uuid;
  readonly add: readonly Uuid[];
  readonly remove: readonly Uuid[];
  /** Those removed that had been removed before: `withdraw`. */
  readonly withdraw: readonly Uuid[];
  /** Whether all other tunnels of the source went. */
  readonly clear: boolean;
}

/** What was written in one statement, and the answer. */
export interface WrittenTunnels extends TunnelsWritten {
  readonly sources: readonly WrittenSource[];
}

/** Tunnels that one statement opens: the destinations of each source. */
export type AddedTunnels = ReadonlyMap<Uuid, ReadonlySet<Uuid>>;

/** Keeps the tunnels that connected peers opened, and writes what they change. */
export interface Tunneler {
  /** Takes in what a source wants. */
  accept(change: TunnelChange): void;
  /** Writes again a tunnel that a connected source wants and whose row was found missing, or takes a surplus row away. */
  readonly reassert: (src: Uuid, dst: Uuid) => void;
  /** Whether there is something to be written of this source. */
  readonly isWriting: (src: Uuid) => boolean;
  /** Whether a statement is under way that opens this tunnel. */
  readonly isAdding: (src: Uuid, dst: Uuid) => boolean;
  /** The sources of which a statement is under way that opens tunnels. */
  adding(): Iterable<Uuid>;
  /** What a statement was to open, once that is not under way any more: its answer has been told, or it failed. */
  readonly added$: Observable<AddedTunnels>;
  /** The tunnels that a connected source wants. */
  wantedBy(src: Uuid): ReadonlySet<Uuid>;
  /** The tunnels that connected sources want. */
  wanted(): Iterable<Tunnel>;
  /** How many that are. Costs O(sources). */
  wantedCount(): number;
  /**
   * Whether this coordinator's row of the tunnel, if it is there, is one too many: a connected source has removed it, as
   * far as that is remembered; or its source has gone, and a statement that had failed may have opened it late.
   */
  isSurplus(src: Uuid, dst: Uuid): boolean;
  /** The own rows begin to be compared. What it returns is to be called when all of them have been. */
  checkBegins(): () => void;
  /** Takes in nothing more. */
  end(): void;
  /** Writes while it is subscribed to; completes when it was ended and everything is written. */
  readonly written$: Observable<WrittenTunnels>;
}

interface Operation {
  readonly kind: 'add' | 'remove' | 'withdraw' | 'removeOwn';
}

/**
 * What is still to be written of one source, and what it wants. All its writes go out one after the other, so that a
 * goodbye and a tunnel that was just being opened cannot overtake each other.
 */
interface Source {
  readonly wanted: Set<Uuid>;
  /** What it removed last, oldest first; for the check of the own rows. Most remove nothing, and have none. */
  removed: Set<Uuid> | undefined;
  /** Undefined when nothing is: mostly. */
  unwritten: Map<Uuid, Operation> | undefined;
  /** A goodbye that is to be written before `unwritten`; an object of its own, to tell it from a later one. */
  clear: object | undefined;
}

/** What a statement says of one source, and what of it is settled then. */
interface Part {
  readonly source: Source;
  readonly clear: object | undefined;
  readonly operations: readonly (readonly [Uuid, Operation])[];
  readonly written: WrittenSource;
  /** Rows that go because they have come late. Nobody is told by the answer: they were nobody's. */
  readonly removeOwn: readonly Uuid[];
}

const nothing: ReadonlySet<Uuid> = new Set();

/** So many removed tunnels of a source are remembered. */
const rememberedRemovals = 1000;

/**
 * @param binder says of which sources a goodbye waits to be written as a binding. Their tunnels are cleared only when
 * it does not any more: a clear spares the tunnels at other coordinators where the source is live, and one that came
 * first could take for live what a moment later turns out to be lost, and goes with the goodbye. Then nobody would ever
 * look for the tunnels again. It is told in turn when all tunnels of a source are written.
 * @param late remembers which tunnels may appear after they were taken back
 */
export const createTunneler = (
  calls: Pick<StoreCalls, 'writeTunnels' | 'sizes' | 'inBatches'>,
  logger: Logger,
  binder: Pick<Binder, 'owesGoodbye' | 'goodbyeSettled$' | 'tunnelsSettled'>,
  late: Omit<LateTunnels, 'time$' | 'size'>,
): Tunneler => {
  const sources = new Map<Uuid, Source>();
  /** What the last statement about a source says, until that is settled. */
  const underWay = new Map<Uuid, Part>();
  const adding = new Map<Uuid, ReadonlySet<Uuid>>();
  const added$ = createInbox<AddedTunnels>();
  const dirty$ = createInbox<Uuid>();
  let hasEnded = false;

  const sourceOf = (src: Uuid): Source => {
    let source = sources.get(src);
    if (source === undefined) {
      source = { wanted: new Set(), removed: undefined, unwritten: undefined, clear: undefined };
      sources.set(src, source);
    }
    return source;
  };

  const isSettled = (source: Source): boolean => source.unwritten === undefined && source.clear === undefined;

  const dropIfIdle = (src: Uuid): void => {
    const source = sources.get(src);
    if (source?.wanted.size === 0 && source.removed === undefined && isSettled(source)) sources.delete(src);
  };

  const forgetRemoval = (source: Source, dst: Uuid): void => {
    if (source.removed?.delete(dst) === true && source.removed.size === 0) source.removed = undefined;
  };

  const rememberRemoval = (source: Source, dst: Uuid): void => {
    const removed = (source.removed ??= new Set());
    removed.delete(dst);
    removed.add(dst);
    for (const oldest of removed) {
      if (removed.size <= rememberedRemovals) break;
      removed.delete(oldest);
    }
  };

  const markUnwritten = (source: Source, dst: Uuid, operation: Operation): void => {
    (source.unwritten ??= new Map()).set(dst, operation);
  };

  /** A source of which there is something to write now, and that need not wait for its goodbye. */
  const dueSource = (src: Uuid): Source | undefined => {
    const source = sources.get(src);
    if (source === undefined || isSettled(source)) return undefined;
    return source.clear !== undefined && binder.owesGoodbye(src) ? undefined : source;
  };

  /** The first of what is to be written of a source, so many operations at most. */
  const duePart = (src: Uuid, limit: number): Part | undefined => {
    const source = dueSource(src);
    if (source === undefined) return undefined;
    const { clear } = source;
    const operations: (readonly [Uuid, Operation])[] = [];
    for (const entry of source.unwritten ?? []) {
      if (operations.length >= limit) break;
      operations.push(entry);
    }
    const destinations = (kind: Operation['kind']) =>
      operations.filter(([, operation]) => operation.kind === kind).map(([dst]) => dst);
    const [add, remove, withdraw] = [destinations('add'), destinations('remove'), destinations('withdraw')];
    const written = { src, add, remove, withdraw, clear: clear !== undefined };
    return { source, clear, operations, written, removeOwn: destinations('removeOwn') };
  };

  /** What was said in a statement is done with; what has come since then is still to be written. */
  const settle = ({ source, clear, operations, written: { src } }: Part): void => {
    underWay.delete(src);
    for (const [dst, operation] of operations) {
      if (source.unwritten?.get(dst) === operation) source.unwritten.delete(dst);
    }
    if (source.unwritten?.size === 0) source.unwritten = undefined;
    if (source.clear === clear) source.clear = undefined;
    dropIfIdle(src);
    if (isSettled(source)) binder.tunnelsSettled(src);
  };

  /** What is unwritten of these sources, as far as it fits into a statement; and whether that is not all. */
  const nextParts = (srcs: readonly Uuid[]): { readonly parts: readonly Part[]; readonly isCut: boolean } => {
    const parts: Part[] = [];
    let left = calls.sizes.tunnels;
    for (const src of srcs) {
      if (left <= 0 && dueSource(src) !== undefined) return { parts, isCut: true };
      const part = duePart(src, left);
      if (part === undefined) continue;
      parts.push(part);
      left -= Math.max(1, part.operations.length);
      if (part.operations.length < (part.source.unwritten?.size ?? 0)) return { parts, isCut: true };
    }
    return { parts, isCut: false };
  };

  /** Writes all that is unwritten when each statement is made: one, unless it is much. */
  const writeUnwritten = (srcs: readonly Uuid[]): Observable<WrittenTunnels> => {
    let next: ReturnType<typeof nextParts> = { parts: [], isCut: false };
    const newest = (): TunnelWrites => {
      next = nextParts(srcs);
      for (const part of next.parts) {
        const { src, add } = part.written;
        underWay.set(src, part);
        if (add.length === 0) continue;
        adding.set(src, new Set(add));
        late.begun(src);
      }
      return tunnelWrites(next.parts);
    };
    const statement$ = defer(() => {
      next = { parts: [], isCut: false };
      if (!srcs.some(dueSource)) return EMPTY;
      return defer(() => calls.writeTunnels(newest)).pipe(
        map((answer) => {
          next.parts.forEach(settle);
          for (const { written } of next.parts) late.answered(written.src);
          return { sources: next.parts.map(({ written }) => written), ...answer };
        }),
        tap({
          error: (error: unknown) => {
            for (const { written } of next.parts) {
              if (mayTakeEffect(error)) late.failed(written.src);
              else late.answered(written.src);
            }
          },
        }),
        finalize(() => {
          endAdding(next.parts);
        }),
      );
    });
    return statement$.pipe(repeatWhile(() => next.isCut));
  };

  const endAdding = (parts: readonly Part[]): void => {
    const added = new Map<Uuid, ReadonlySet<Uuid>>();
    for (const { src } of parts.map(({ written }) => written)) {
      const destinations = adding.get(src);
      if (destinations !== undefined) added.set(src, destinations);
      adding.delete(src);
    }
    if (added.size > 0) added$.next(added);
  };

  const wantedBy = (src: Uuid): ReadonlySet<Uuid> => sources.get(src)?.wanted ?? nothing;

  const hasRemoved = (src: Uuid, dst: Uuid): boolean => sources.get(src)?.removed?.has(dst) === true;

  const isSurplus = (src: Uuid, dst: Uuid): boolean =>
    hasRemoved(src, dst) || (late.has(src, dst) && !wantedBy(src).has(dst));

  const giveUp = (src: Uuid, err: unknown): void => {
    logger.error({ err, peer_id: src }, 'tunnels given up');
    const part = underWay.get(src);
    if (part !== undefined) settle(part);
  };

  return {
    accept: (change) => {
      const { src } = change;
      const source = sourceOf(src);
      switch (change.kind) {
        case 'add':
          source.wanted.add(change.dst);
          forgetRemoval(source, change.dst);
          markUnwritten(source, change.dst, { kind: 'add' });
          break;
        case 'remove':
          source.wanted.delete(change.dst);
          rememberRemoval(source, change.dst);
          markUnwritten(source, change.dst, { kind: 'remove' });
          break;
        case 'clear':
          source.wanted.clear();
          source.removed = undefined;
          source.unwritten = undefined;
          source.clear = {};
          late.saidGoodbye(src);
          break;
        case 'withdraw':
          // What it said last is not written yet.
          if (['add', 'remove'].includes(source.unwritten?.get(change.dst)?.kind ?? '')) return;
          markUnwritten(source, change.dst, { kind: 'withdraw' });
          break;
        case 'release':
          late.wasLost(src, source.wanted, source.removed ?? nothing);
          source.wanted.clear();
          source.removed = undefined;
          dropIfIdle(src);
          return;
      }
      dirty$.next(src);
    },
    reassert: (src, dst) => {
      if (hasEnded || sources.get(src)?.unwritten?.has(dst) === true) return;
      if (wantedBy(src).has(dst)) markUnwritten(sourceOf(src), dst, { kind: 'add' });
      else if (hasRemoved(src, dst)) markUnwritten(sourceOf(src), dst, { kind: 'remove' });
      else if (isSurplus(src, dst)) markUnwritten(sourceOf(src), dst, { kind: 'removeOwn' });
      else return;
      dirty$.next(src);
    },
    isWriting: (src) => {
      const source = sources.get(src);
      return source !== undefined && !isSettled(source);
    },
    isAdding: (src, dst) => adding.get(src)?.has(dst) === true,
    adding: () => adding.keys(),
    added$,
    wantedBy,
    wantedCount: () => {
      let count = 0;
      for (const { wanted } of sources.values()) count += wanted.size;
      return count;
    },
    isSurplus,
    checkBegins: () => late.checkBegins((src) => sources.get(src)?.clear !== undefined),
    *wanted() {
      for (const [src, { wanted }] of sources) for (const dst of wanted) yield { src, dst };
    },
    end: () => {
      hasEnded = true;
      dirty$.complete();
    },
    written$: merge(
      dirty$,
      // It completes when no goodbye waits any more, and so no tunnel does.
      binder.goodbyeSettled$.pipe(filter((src) => sources.get(src)?.clear !== undefined)),
    ).pipe(
      coalesceInBatches(writeUnwritten, {
        ...calls.inBatches('writeTunnels', giveUp),
        // Of a source with more tunnels than go into one statement, it is only those of the refused one that are lost.
        hasMore: (src) => dueSource(src) !== undefined,
      }),
      finalize(() => {
        added$.complete();
      }),
    ),
  };
};

/** Whether a statement may take effect after its failure was seen: one that was refused does not. */
const mayTakeEffect = (error: unknown): boolean => !(error instanceof StoreError) || error.reason === 'unavailable';

const tunnelWrites = (parts: readonly Part[]): TunnelWrites => {
  const tunnels = (destinations: (part: Part) => readonly Uuid[]): readonly Tunnel[] =>
    parts.flatMap((part) => destinations(part).map((dst) => ({ src: part.written.src, dst })));
  return {
    add: tunnels(({ written }) => written.add),
    remove: tunnels(({ written: { remove, withdraw } }) => [...remove, ...withdraw]),
    removeOwn: tunnels(({ removeOwn }) => removeOwn),
    clear: parts.filter(({ written }) => written.clear).map(({ written }) => written.src),
  };
};
