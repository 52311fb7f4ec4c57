import type { Logger } from 'pino';
import { EMPTY, Observable, catchError, defer, map } from 'rxjs';
import type { BindingWrite, Microseconds, Uuid } from '../db/store.js';
import { sameEncodedNode } from '../proto/node.js';
import { coalesceByKey } from './operators/coalesceByKey.js';
import type { StoreCalls } from './storeCalls.js';
import { createInbox } from './inbox.js';

/** What has become of a peer. A lost one's node need not be said: it is the last one. */
export type BindingChange =
  | { readonly kind: 'node'; readonly peerId: Uuid; readonly node: Uint8Array }
  | { readonly kind: 'lost' | 'disconnected'; readonly peerId: Uuid };

/** What was written, and when by the database's clock. */
export interface WrittenBinding {
  readonly peerId: Uuid;
  readonly kind: BindingWrite['kind'];
  readonly at: Microseconds;
}

/** Keeps the newest binding of every peer of this coordinator, and writes it. */
export interface Binder {
  /** Takes in what has become of a peer. */
  accept(change: BindingChange): void;
  /** Writes a peer's binding again, because its row was found missing or different. */
  reassert(peerId: Uuid): void;
  /** When the node of a peer was written; undefined while it is not, and for a peer that has none to keep. */
  writtenAt(peerId: Uuid): Microseconds | undefined;
  /** Marks a row lost that is there although its peer is not: one from before a restore, say. */
  abandon(peerId: Uuid, node: Uint8Array): void;
  /** Whether there is anything to keep or to write for a peer. */
  knows(peerId: Uuid): boolean;
  /** The peers whose nodes stand written, and since when. */
  written(): Iterable<readonly [Uuid, Microseconds]>;
  /** Whether anything was ever sent to the database: if not, nothing of this coordinator's can be there. */
  readonly hasWritten: boolean;
  /**
   * Completes when no goodbye of this peer waits to be written. For who has something to do about the peer that is right
   * only when its bindings are gone.
   */
  readonly goodbyeWritten$: (peerId: Uuid) => Observable<never>;
  /** Takes in nothing more. */
  end(): void;
  /** Writes while it is subscribed to; completes when it was ended and everything is written. */
  readonly written$: Observable<WrittenBinding>;
}

interface Entry {
  readonly write: BindingWrite;
  /** Undefined until it is written. */
  readonly at: Microseconds | undefined;
}

/**
 * What a peer's binding is after a change; undefined if the change makes no difference:
 *
 * - a node equal to the one before, but for when it was composed, is not written again;
 * - losing a peer keeps its node; a peer without a node has nothing to lose;
 * - a goodbye always counts, since there may be rows from earlier, here or elsewhere.
 */
export const nextBinding = (current: BindingWrite | undefined, change: BindingChange): BindingWrite | undefined => {
  switch (change.kind) {
    case 'node':
      return current?.kind === 'node' && sameEncodedNode(current.node, change.node) ? undefined : change;
    case 'lost':
      return current?.kind === 'node' ? { ...current, kind: 'lost' } : undefined;
    case 'disconnected':
      return { kind: 'disconnected', peerId: change.peerId };
  }
};

export const createBinder = (calls: Pick<StoreCalls, 'writeBinding' | 'retry'>, logger: Logger): Binder => {
  /** The newest binding of each peer; those of peers that went are dropped once they are written. */
  const entries = new Map<Uuid, Entry>();
  const dirty$ = createInbox<Uuid>();
  /** Who waits for the goodbye of a peer. */
  const waiting = new Map<Uuid, Set<() => void>>();
  let hasWritten = false;

  const put = (write: BindingWrite): void => {
    entries.set(write.peerId, { write, at: undefined });
    dirty$.next(write.peerId);
    tellWaiting(write.peerId);
  };

  const owesGoodbye = (peerId: Uuid): boolean => entries.get(peerId)?.write.kind === 'disconnected';

  const tellWaiting = (peerId: Uuid): void => {
    if (owesGoodbye(peerId)) return;
    for (const tell of [...(waiting.get(peerId) ?? [])]) tell();
  };

  const record = (entry: Entry, at: Microseconds): WrittenBinding => {
    const { write } = entry;
    if (entries.get(write.peerId) === entry) {
      if (write.kind === 'node') entries.set(write.peerId, { write, at });
      else entries.delete(write.peerId);
    }
    tellWaiting(write.peerId);
    return { peerId: write.peerId, kind: write.kind, at };
  };

  /** Writes what is newest when the statement is made, and again on each retry. */
  const writeNewest = (peerId: Uuid): Observable<WrittenBinding> => {
    let tried: Entry | undefined;
    return defer(() => {
      const first = entries.get(peerId);
      if (first === undefined || first.at !== undefined) return EMPTY;
      hasWritten = true;
      let entry = first;
      const newest = (): BindingWrite => {
        tried = entry = entries.get(peerId) ?? entry;
        return entry.write;
      };
      return calls.writeBinding(newest).pipe(map((at) => record(entry, at)));
    }).pipe(
      calls.retry(),
      catchError((err: unknown) => {
        logger.error({ err, peer_id: peerId }, 'binding given up');
        // What has come since then was not refused: it is written next.
        if (entries.get(peerId) === tried && tried?.write.kind !== 'node') entries.delete(peerId);
        tellWaiting(peerId);
        return EMPTY;
      }),
    );
  };

  return {
    accept: (change) => {
      const next = nextBinding(entries.get(change.peerId)?.write, change);
      if (next !== undefined) put(next);
    },
    reassert: (peerId) => {
      const entry = entries.get(peerId);
      if (entry !== undefined) put(entry.write);
    },
    writtenAt: (peerId) => entries.get(peerId)?.at,
    abandon: (peerId, node) => {
      if (!entries.has(peerId)) put({ kind: 'lost', peerId, node });
    },
    get hasWritten() {
      return hasWritten;
    },
    knows: (peerId) => entries.has(peerId),
    *written() {
      for (const [peerId, { at }] of entries) if (at !== undefined) yield [peerId, at] as const;
    },
    goodbyeWritten$: (peerId) =>
      new Observable((subscriber) => {
        if (!owesGoodbye(peerId)) {
          subscriber.complete();
          return;
        }
        const tell = (): void => {
          subscriber.complete();
        };
        const others = waiting.get(peerId) ?? new Set();
        waiting.set(peerId, others.add(tell));
        subscriber.add(() => {
          if (others.delete(tell) && others.size === 0) waiting.delete(peerId);
        });
      }),
    end: () => {
      dirty$.complete();
    },
    written$: dirty$.pipe(coalesceByKey(writeNewest)),
  };
};
