import { Observable, tap, type Subscriber } from 'rxjs';
import type { BusEvent } from '../../src/db/bus.js';
import type { Database } from '../../src/db/database.js';
import type { BindingWrite, Store, TunnelWrites, Uuid } from '../../src/db/store.js';
import type { Process } from './simulatedTime.js';

/** What became of a statement: `abandoned` when nobody waited for its answer any longer. */
export type Ending = 'answered' | 'failed' | 'abandoned';

/** What a coordinator asks of its database, as it happens. */
export interface Traffic {
  /**
   * A statement is made: of so many keys. Returns what is to be called when it has ended, before the coordinator knows.
   *
   * @param peers those that it says are lost, or whose tunnels it writes
   */
  asked(method: keyof Store, keys: number, peers: readonly Uuid[]): (how: Ending) => void;
}

/** The way of a process to its database. */
export interface Gate extends Database {
  /** From now on nothing is heard any more by who listens now, who does not notice; whoever listens anew hears. */
  deafen(): void;
  /** Whoever listens now is told that the connection has broken. */
  breakListening(): void;
}

interface Ear {
  readonly subscriber: Subscriber<BusEvent>;
  isDeaf: boolean;
}

/** A database as a process sees it: while that stands still, answers and notifications wait at its door. */
export const gate = ({ store, bus }: Database, process: Process, traffic: Traffic): Gate => {
  const ears = new Set<Ear>();

  const enter = <T>(source$: Observable<T>): Observable<T> =>
    new Observable((subscriber) =>
      source$.subscribe({
        next: (value) => {
          process.receive(() => {
            subscriber.next(value);
          });
        },
        error: (error: unknown) => {
          process.receive(() => {
            subscriber.error(error);
          });
        },
        complete: () => {
          process.receive(() => {
            subscriber.complete();
          });
        },
      }),
    );

  const ask = <T>(
    method: keyof Store,
    keys: number,
    answer$: Observable<T>,
    peers: readonly Uuid[] = [],
  ): Observable<T> =>
    new Observable((subscriber) => {
      const ended = traffic.asked(method, keys, peers);
      let hasEnded = false;
      const end = (how: Ending) => () => {
        if (hasEnded) return;
        hasEnded = true;
        ended(how);
      };
      subscriber.add(end('abandoned'));
      const noted = tap<T>({ next: end('answered'), complete: end('answered'), error: end('failed') });
      return enter(answer$).pipe(noted).subscribe(subscriber);
    });

  const listen$ = (channel: string): Observable<BusEvent> =>
    new Observable((subscriber) => {
      const ear: Ear = { subscriber, isDeaf: false };
      ears.add(ear);
      subscriber.add(() => ears.delete(ear));
      return enter(bus.listen$(channel)).subscribe({
        next: (event) => {
          if (!ear.isDeaf) subscriber.next(event);
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          subscriber.complete();
        },
      });
    });

  return {
    deafen: () => {
      for (const ear of ears) ear.isDeaf = true;
    },
    breakListening: () => {
      process.receive(() => {
        for (const { subscriber } of [...ears]) subscriber.error(new Error('the connection that listens has broken'));
      });
    },
    bus: {
      listen$,
      publish: (...args) => enter(bus.publish(...args)),
    },
    store: {
      heartbeat: (id) => ask('heartbeat', 1, store.heartbeat(id)),
      readCoordinators: (age) => ask('readCoordinators', 1, store.readCoordinators(age)),
      writeBindings: (writer, writes) =>
        ask('writeBindings', writes.length, store.writeBindings(writer, writes), lostPeers(writes)),
      writeTunnels: (writer, writes) => {
        const sources = sourcesOf(writes);
        return ask('writeTunnels', sources.length, store.writeTunnels(writer, writes), sources);
      },
      loseBindings: (id) => ask('loseBindings', 1, store.loseBindings(id)),
      readNeighbours: (ids) => ask('readNeighbours', ids.length, store.readNeighbours(ids)),
      readPairs: (pairs) => ask('readPairs', new Set(pairs.map(([peerId]) => peerId)).size, store.readPairs(pairs)),
      readBindings: (ids) => ask('readBindings', ids.length, store.readBindings(ids)),
      readOwnBindings: (id) => ask('readOwnBindings', 1, store.readOwnBindings(id)),
      readOwnTunnels: (...args) => ask('readOwnTunnels', 1, store.readOwnTunnels(...args)),
      cleanCoordinators: () => ask('cleanCoordinators', 1, store.cleanCoordinators()),
      cleanLostBindings: () => ask('cleanLostBindings', 1, store.cleanLostBindings()),
      cleanTunnels: () => ask('cleanTunnels', 1, store.cleanTunnels()),
    },
  };
};

const lostPeers = (writes: readonly BindingWrite[]): readonly Uuid[] =>
  writes.filter(({ kind }) => kind === 'lost').map(({ peerId }) => peerId);

const sourcesOf = ({ add, remove, clear, removeOwn = [] }: TunnelWrites): readonly Uuid[] => [
  ...new Set([...clear, ...[...add, ...remove, ...removeOwn].map(({ src }) => src)]),
];
