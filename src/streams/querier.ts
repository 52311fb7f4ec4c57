import type { Logger } from 'pino';
import { type Observable, type SchedulerLike, EMPTY, finalize, ignoreElements, merge, tap } from 'rxjs';
import type { Binding, Uuid } from '../db/store.js';
import { bytesOf } from '../proto/nodeBytes.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import type { BindingHint } from '../db/bindingHint.js';
import type { Binder, WrittenBindings } from './binder.js';
import { peersChanged } from './changes.js';
import type { Connections } from './connections.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import type { StoreCalls } from './storeCalls.js';
import type { Teller } from './teller.js';
import { ToldHints } from './toldHints.js';
import { type TunnelReads, type TunnelReadsOptions, createTunnelReads } from './tunnelReads.js';
import type { View } from './view.js';
import { createInbox } from './inbox.js';

/** Keeps the view true: reads what hints say has changed, and tells the connections whom it concerns. */
export interface Querier extends TunnelReads {
  /**
   * A peer's bindings changed, or are to be read for another reason: then there is no sender. Answers whether they are read
   * for it: not when nobody here watches the peer, which costs one look-up, and not when it was told already: by the hint
   * just before, by the same sender, or by the answer to what was written here. While that answer is awaited, what
   * somebody said is put off: the answer may say the same, and would be held up by a read.
   */
  refreshBindings(peerId: Uuid, sender?: number): boolean;
  /** Tells of rows that somebody has just written, as a hint says. It is not opened where nobody watches whose they are. */
  tellHinted(hint: BindingHint, sender: number | undefined): void;
  /** Hints were missed: what was told need not be followed by a hint about it. */
  forgetTold(): void;
  /**
   * Tells of what was just written here, and does not read it for the hint about it: nobody else writes those rows. Costs
   * one look-up for each that nobody here watches.
   */
  readonly tellWritten: (written: WrittenBindings) => void;
  /** No answer is awaited any more about nodes of these peers: what was put off is read, unless it is told now. */
  readonly readPutOff: (peerIds: readonly Uuid[]) => void;
  /** Reads while it is subscribed to. Never completes. */
  readonly reads$: Observable<never>;
}

export interface QuerierOptions {
  readonly coordinatorId: Uuid;
  readonly calls: Pick<StoreCalls, 'readBindings'> & TunnelReadsOptions['calls'];
  readonly view: View;
  readonly binder: Pick<Binder, 'isOk' | 'isPublishing' | 'publishing'>;
  readonly tunneler: TunnelReadsOptions['tunneler'];
  readonly connections: Pick<Connections, 'post'>;
  readonly teller: Pick<Teller, 'tellWatchers'>;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
  readonly onMissing: TunnelReadsOptions['onMissing'];
  /** Told of what hints say of bindings, and of peers whose bindings were read, told of, or need not be any more. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'hintHeard' | 'bindingsTold' | 'bindingsIgnored'>;
}

/**
 * There are two kinds of reads, each with one read of a key at a time, so that an older answer never overwrites a newer
 * one: of whom a connected peer shares tunnels with (`tunnelReads.ts`), and of a watched peer's bindings.
 */
export const createQuerier = ({
  coordinatorId,
  calls,
  view,
  binder,
  tunneler,
  connections,
  teller,
  scheduler,
  logger,
  onMissing,
  telemetry = silentTelemetry,
}: QuerierOptions): Querier => {
  /** Whose bindings are being read: by an answer that may be older than what is heard or written meanwhile. */
  const reading = new Set<Uuid>();
  /** What the last hint with rows has told: the same sender says next whose they are. */
  const hinted = new ToldHints();
  /** Whether those rows were written here. */
  let isHintedOwn = false;
  /** What was written here, and told: the hints are on their way, or have come before. */
  const answered = new ToldHints();
  /** The senders of hints about peers whose nodes were being written here. */
  const putOff = new Map<Uuid, number[]>();
  /** Whose nodes were being written while hints were missed: those about them may have been among these. */
  const unsure = new Set<Uuid>();
  const watched$ = createInbox<Uuid>();

  /** Tells a peer who came or went; but of those who came, and are not read yet, once they have been. */
  const tell = (peerId: Uuid, changed: readonly Uuid[]): void => {
    const told: Uuid[] = [];
    for (const id of changed.map(view.idOf)) {
      if (view.needsBindings(id)) watched$.next(id);
      // Who went is told at once, although another peer may just have begun to watch it.
      if (view.sight(peerId, id) !== 'unknown') told.push(id);
    }
    if (told.length > 0) connections.post(peerId, peersChanged(told));
  };

  const tunnels = createTunnelReads({ calls, view, tunneler, tell, onMissing, scheduler, logger });

  const readBindings = (peerIds: readonly Uuid[]): Observable<never> => {
    const watched = peerIds.filter((peerId) => view.isWatched(peerId));
    if (watched.length < peerIds.length) {
      for (const peerId of peerIds) if (!view.isWatched(peerId)) telemetry.bindingsIgnored(peerId);
    }
    if (watched.length === 0) return EMPTY;
    for (const peerId of watched) reading.add(peerId);
    return calls.readBindings(watched).pipe(
      tap((bindings) => {
        const changed: Uuid[] = [];
        for (const [peerId, rows] of bindings) if (view.setBindings(peerId, rows)) changed.push(peerId);
        teller.tellWatchers(changed);
        for (const peerId of watched) telemetry.bindingsTold(peerId);
      }),
      ignoreElements(),
      finalize(() => {
        for (const peerId of watched) reading.delete(peerId);
      }),
    );
  };

  /** Takes in rows that were just written, and tells whom they concern. Returns those of them that need not be read. */
  const takeIn = (rows: readonly Binding[], stand: boolean): readonly Uuid[] => {
    const known: Uuid[] = [];
    const changed: Uuid[] = [];
    for (const row of rows) {
      const outcome = reading.has(row.peerId) ? 'unread' : view.setBinding(row, stand);
      if (outcome !== 'unread') known.push(row.peerId);
      if (outcome === 'changed') changed.push(row.peerId);
    }
    if (changed.length > 0) teller.tellWatchers(changed);
    return known;
  };

  /** A hint has come: whether it says nothing more. That a peer of this coordinator was lost, or left, was not told. */
  const isTold = (peerId: Uuid, sender: number | undefined): boolean => {
    const isHinted = hinted.take(sender, peerId);
    const isAnswered = answered.take(sender, peerId);
    return (isHinted && !isHintedOwn) || ((isHinted || isAnswered) && binder.isOk(peerId));
  };

  /** A defect ends the read of one key, loudly; the others go on. */
  const giveUp = (peerId: Uuid, err: unknown) => {
    logger.error({ err, peer_id: peerId, kind: 'bindings' }, 'read given up');
  };

  return {
    ...tunnels,
    refreshBindings: (peerId, sender) => {
      // Whether somebody looks or not: it is this hint that is put off, or was told of, and none that comes later.
      if (sender !== undefined && binder.isPublishing(peerId)) {
        const senders = putOff.get(peerId);
        if (senders === undefined) putOff.set(peerId, [sender]);
        else senders.push(sender);
        return view.isWatched(peerId);
      }
      if (isTold(peerId, sender) || !view.isWatched(peerId)) return false;
      watched$.next(view.idOf(peerId));
      return true;
    },
    tellHinted: ({ peerIds, open }, sender) => {
      // What was to follow the rows before these has come by now, or is put off and then read: at worst once too often.
      hinted.clear();
      answered.forgetSender(sender);
      let isOfInterest = false;
      for (const peerId of peerIds) {
        const isWatched = view.isWatched(peerId);
        telemetry.hintHeard({ kind: 'binding', peerId }, isWatched);
        isOfInterest ||= isWatched;
      }
      const opened = isOfInterest ? open() : undefined;
      if (opened === undefined) return;
      const { updatedAt, coordinatorId: writerId, nodes } = opened;
      const rows: Binding[] = [];
      nodes.forEach((node, index) => {
        const peerId = peerIds[index];
        if (peerId === undefined || !view.isWatched(peerId)) return;
        rows.push({ peerId, coordinatorId: writerId, updatedAt, status: 'ok', node });
      });
      isHintedOwn = writerId === coordinatorId;
      for (const peerId of takeIn(rows, false)) {
        telemetry.bindingsTold(peerId);
        hinted.expect(sender, view.idOf(peerId));
      }
    },
    forgetTold: () => {
      hinted.clear();
      answered.clear();
      for (const peerId of binder.publishing()) unsure.add(peerId);
      tunnels.forgetTold();
    },
    tellWritten: ({ bindings, at, sender }) => {
      const rows: Binding[] = [];
      for (const binding of bindings) {
        if (binding.kind !== 'node' || !view.isWatched(binding.peerId)) continue;
        const { peerId, node } = binding;
        rows.push({ peerId, coordinatorId, updatedAt: at, status: 'ok', node: bytesOf(node) });
      }
      for (const peerId of takeIn(rows, true)) if (!unsure.has(peerId)) answered.expect(sender, view.idOf(peerId));
    },
    readPutOff: (peerIds) => {
      for (const peerId of peerIds) {
        unsure.delete(peerId);
        const senders = putOff.get(peerId);
        if (senders === undefined) continue;
        putOff.delete(peerId);
        const more = senders.filter((sender) => !isTold(peerId, sender));
        if (!view.isWatched(peerId)) telemetry.bindingsIgnored(peerId);
        else if (more.length === 0) telemetry.bindingsTold(peerId);
        else watched$.next(view.idOf(peerId));
      }
    },
    reads$: merge(
      tunnels.reads$,
      watched$.pipe(coalesceInBatches(readBindings, calls.inBatches('readBindings', giveUp))),
    ),
  };
};
