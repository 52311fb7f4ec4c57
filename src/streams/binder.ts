import type { Logger } from 'pino';
import { type Observable, EMPTY, defer, finalize, map } from 'rxjs';
import type { BindingWrite, BindingsWritten, Microseconds, Uuid } from '../db/store.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { type NodeBytes, bytesOf, sameNodeBytes } from '../proto/nodeBytes.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import { repeatWhile } from './operators/repeatWhile.js';
import type { StoreCalls } from './storeCalls.js';
import { createInbox } from './inbox.js';

/** What has become of a peer. A lost one's node need not be said: it is the last one. */
export type BindingChange =
  | { readonly kind: 'node'; readonly peerId: Uuid; readonly node: NodeBytes }
  | { readonly kind: 'lost' | 'disconnected'; readonly peerId: Uuid }
  /** A goodbye that was written before is made again, unless another one is still to be written. */
  | { readonly kind: 'disconnected'; readonly peerId: Uuid; readonly isRepeated: true };

/** What is to be written of a peer: a `BindingWrite`, as it is held. */
export type HeldBinding =
  | { readonly kind: 'node' | 'lost'; readonly peerId: Uuid; readonly node: NodeBytes }
  | { readonly kind: 'disconnected'; readonly peerId: Uuid; readonly isRepeated?: true };

/** What was written in one statement, when by the database's clock, and who announced it. */
export interface WrittenBindings extends BindingsWritten {
  readonly bindings: readonly HeldBinding[];
}

/** Keeps the newest binding of every peer of this coordinator, and writes it. */
export interface Binder {
  /** Takes in what has become of a peer. */
  accept(change: BindingChange): void;
  /** Writes a peer's binding again, because its row was found missing or different. */
  reassert(peerId: Uuid): void;
  /** When the node of a peer was written; undefined while it is not, and for a peer that has none to keep. */
  writtenAt(peerId: Uuid): Microseconds | undefined;
  /** The node of a peer, as it is held here. */
  readonly nodeOf: (peerId: Uuid) => NodeBytes | undefined;
  /** Marks a row lost that is there although its peer is not: one from before a restore, say. */
  abandon(peerId: Uuid, node: NodeBytes): void;
  /** Whether the last that is known of a peer is a node: it is neither lost nor gone. */
  readonly isOk: (peerId: Uuid) => boolean;
  /** Whether a statement that writes a peer's node is under way. */
  readonly isPublishing: (peerId: Uuid) => boolean;
  /** The peers of whom that is so. */
  publishing(): Iterable<Uuid>;
  /**
   * Whose nodes are not being written any more: `written$` has said so, or the statement failed. For who puts off what
   * most likely says the same. Completes with `written$`.
   */
  readonly published$: Observable<readonly Uuid[]>;
  /** Whether there is anything to keep or to write for a peer. */
  knows(peerId: Uuid): boolean;
  /** The peers whose nodes stand written, and since when. */
  written(): Iterable<readonly [Uuid, Microseconds]>;
  /** Whether anything was ever sent to the database: if not, nothing of this coordinator's can be there. */
  readonly hasWritten: boolean;
  /** Whether a goodbye of this peer waits to be written. */
  owesGoodbye(peerId: Uuid): boolean;
  /**
   * The peers whose goodbyes do not wait any more: they are written, given up, or the peer has come back. For who has
   * something to do about a peer that is right only when its bindings are gone. Completes with `written$`.
   */
  readonly goodbyeSettled$: Observable<Uuid>;
  /** The tunnels that a peer asked for are written, or given up: if it is lost, that may be written now. */
  tunnelsSettled(peerId: Uuid): void;
  /** Takes in nothing more. */
  end(): void;
  /** Writes while it is subscribed to; completes when it was ended and everything is written. */
  readonly written$: Observable<WrittenBindings>;
}

interface Entry {
  readonly binding: HeldBinding;
  /** Undefined until it is written. */
  at: Microseconds | undefined;
  /** Whether a statement with it has been made. */
  isTried: boolean;
  /** Whether it was published again, just the same, while that statement was under way. */
  isSaidAgain: boolean;
  /** Whether it is a node that the database has refused. */
  isGivenUp: boolean;
  /** Whether it is a new node of a peer of whom one was written: those who see that wait for this. */
  readonly isUpdate: boolean;
}

/** With so many bytes of nodes a statement takes no more, for it must end before its timeout. */
const maxBytes = 4 * 1024 * 1024;

/**
 * What a peer's binding is after a change; undefined if the change makes no difference:
 *
 * - a node equal to the one before, but for when it was composed, is not written again, unless that was given up;
 * - losing a peer keeps its node; a peer without a node has nothing to lose;
 * - a goodbye always counts, since there may be rows from earlier, here or elsewhere; a repeated one does not where another
 *   is still to be written.
 */
export const nextBinding = (current: HeldBinding | undefined, change: BindingChange): HeldBinding | undefined => {
  switch (change.kind) {
    case 'node':
      return current?.kind === 'node' && sameNodeBytes(current.node, change.node) ? undefined : change;
    case 'lost':
      return current?.kind === 'node' ? { ...current, kind: 'lost' } : undefined;
    case 'disconnected':
      if (!('isRepeated' in change)) return { kind: 'disconnected', peerId: change.peerId };
      return current?.kind === 'disconnected' ? undefined : change;
  }
};

/**
 * @param isOpeningTunnels says whether tunnels of a peer are still being written. That it is lost is written after them,
 * for a goodbye elsewhere takes along what it finds of a lost peer: a tunnel that came later would stay.
 * @param telemetry told of nodes that are taken in, and of bindings that are written. Default: nobody
 */
export const createBinder = (
  calls: Pick<StoreCalls, 'writeBindings' | 'inBatches'>,
  logger: Logger,
  isOpeningTunnels: (peerId: Uuid) => boolean,
  telemetry: Pick<Telemetry, 'nodeAccepted' | 'bindingWritten'> = silentTelemetry,
): Binder => {
  /** The newest binding of each peer; those of peers that went are dropped once they are written. */
  const entries = new Map<Uuid, Entry>();
  const dirty$ = createInbox<Uuid>();
  const goodbyeSettled$ = createInbox<Uuid>();
  const published$ = createInbox<readonly Uuid[]>();
  /** Whose nodes are being written. No peer is in two statements at a time. */
  const publishing = new Set<Uuid>();
  let hasWritten = false;

  const owesGoodbye = (peerId: Uuid): boolean => entries.get(peerId)?.binding.kind === 'disconnected';

  const put = (binding: HeldBinding): void => {
    const { peerId } = binding;
    const owed = owesGoodbye(peerId);
    const before = entries.get(peerId);
    const isKnown = before?.binding.kind === 'node' && (before.at !== undefined || before.isUpdate);
    const isUpdate = isKnown && binding.kind === 'node';
    entries.set(peerId, { binding, at: undefined, isTried: false, isSaidAgain: false, isGivenUp: false, isUpdate });
    dirty$.next(peerId);
    if (owed && binding.kind !== 'disconnected') goodbyeSettled$.next(peerId);
  };

  const drop = (entry: Entry): void => {
    const { kind, peerId } = entry.binding;
    entries.delete(peerId);
    if (kind === 'disconnected') goodbyeSettled$.next(peerId);
  };

  const record = (batch: readonly Entry[], answer: BindingsWritten): WrittenBindings => {
    for (const entry of batch) {
      if (entries.get(entry.binding.peerId) !== entry) continue;
      telemetry.bindingWritten(entry.binding.peerId, entry.binding.kind === 'disconnected');
      if (entry.binding.kind === 'node') entry.at = answer.at;
      else drop(entry);
    }
    return { ...answer, bindings: batch.map(({ binding }) => binding) };
  };

  /** What is to be written of a peer now. */
  const dueEntry = (peerId: Uuid): Entry | undefined => {
    const entry = entries.get(peerId);
    if (entry === undefined || entry.at !== undefined) return undefined;
    return entry.binding.kind === 'lost' && isOpeningTunnels(peerId) ? undefined : entry;
  };

  /** What is due of these peers, as far as it fits into a statement; and whether that is not all. */
  const nextBatch = (peerIds: readonly Uuid[]): { readonly batch: readonly Entry[]; readonly isCut: boolean } => {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const peerId of peerIds) {
      const entry = dueEntry(peerId);
      if (entry === undefined) continue;
      if (bytes >= maxBytes) return { batch, isCut: true };
      bytes += entry.binding.kind === 'disconnected' ? 0 : entry.binding.node.length;
      batch.push(entry);
    }
    return { batch, isCut: false };
  };

  /** Writes what is newest when each statement is made: one, unless the nodes are large. */
  const writeNewest = (peerIds: readonly Uuid[]): Observable<WrittenBindings> => {
    let next: ReturnType<typeof nextBatch> = { batch: [], isCut: false };
    const newest = (): readonly BindingWrite[] => {
      next = nextBatch(peerIds);
      for (const entry of next.batch) {
        entry.isTried = true;
        if (entry.binding.kind === 'node') publishing.add(entry.binding.peerId);
      }
      return next.batch.map(({ binding }) => toWrite(binding));
    };
    const statement$ = defer(() => {
      next = { batch: [], isCut: false };
      if (!peerIds.some(dueEntry)) return EMPTY;
      hasWritten = true;
      return defer(() => calls.writeBindings(newest)).pipe(
        map((answer) => record(next.batch, answer)),
        finalize(() => {
          endPublishing(next.batch);
        }),
      );
    });
    return statement$.pipe(repeatWhile(() => next.isCut));
  };

  const endPublishing = (batch: readonly Entry[]): void => {
    const peerIds: Uuid[] = [];
    for (const { binding } of batch) if (publishing.delete(binding.peerId)) peerIds.push(binding.peerId);
    if (peerIds.length > 0) published$.next(peerIds);
  };

  const giveUp = (peerId: Uuid, err: unknown): void => {
    logger.error({ err, peer_id: peerId }, 'binding given up');
    const entry = entries.get(peerId);
    // What has come since then was not refused: it is written next.
    if (entry?.isTried !== true) return;
    if (entry.isSaidAgain) put(entry.binding);
    else if (entry.binding.kind === 'node') entry.isGivenUp = true;
    else drop(entry);
  };

  return {
    accept: (change) => {
      const entry = entries.get(change.peerId);
      // A node that was given up may be taken when it is published again.
      const isAnew = change.kind === 'node' && entry?.isGivenUp === true;
      const next = nextBinding(isAnew ? undefined : entry?.binding, change);
      if (next === undefined) {
        // If the database refuses it, it was still said again.
        if (change.kind === 'node' && entry?.isTried === true && entry.at === undefined) entry.isSaidAgain = true;
        return;
      }
      if (next.kind === 'node') telemetry.nodeAccepted(next.peerId);
      put(next);
    },
    reassert: (peerId) => {
      const entry = entries.get(peerId);
      if (entry !== undefined) put(entry.binding);
    },
    writtenAt: (peerId) => entries.get(peerId)?.at,
    nodeOf: (peerId) => {
      const binding = entries.get(peerId)?.binding;
      return binding === undefined || binding.kind === 'disconnected' ? undefined : binding.node;
    },
    abandon: (peerId, node) => {
      if (!entries.has(peerId)) put({ kind: 'lost', peerId, node });
    },
    get hasWritten() {
      return hasWritten;
    },
    isOk: (peerId) => entries.get(peerId)?.binding.kind === 'node',
    isPublishing: (peerId) => publishing.has(peerId),
    publishing: () => publishing.values(),
    published$,
    knows: (peerId) => entries.has(peerId),
    *written() {
      for (const [peerId, { at }] of entries) if (at !== undefined) yield [peerId, at] as const;
    },
    owesGoodbye,
    goodbyeSettled$,
    tunnelsSettled: (peerId) => {
      if (entries.get(peerId)?.binding.kind === 'lost') dirty$.next(peerId);
    },
    end: () => {
      dirty$.complete();
    },
    written$: dirty$.pipe(
      coalesceInBatches(writeNewest, {
        ...calls.inBatches('writeBindings', giveUp),
        isUrgent: (peerId) => entries.get(peerId)?.isUpdate === true,
      }),
      finalize(() => {
        goodbyeSettled$.complete();
        published$.complete();
      }),
    ),
  };
};

const toWrite = (binding: HeldBinding): BindingWrite =>
  binding.kind === 'disconnected'
    ? { kind: 'disconnected', peerId: binding.peerId }
    : { kind: binding.kind, peerId: binding.peerId, node: bytesOf(binding.node) };
