import { Observable } from 'rxjs';
import type { Database } from '../../src/db/database.js';
import type { Store } from '../../src/db/store.js';
import type { Process } from './simulatedTime.js';

/** What a coordinator asks of its database, as it happens. */
export interface Traffic {
  /** A statement is made: of so many keys. Returns what is to be called when it has ended. */
  asked(method: keyof Store, keys: number): () => void;
}

/** A database as a process sees it: while that stands still, answers and notifications wait at its door. */
export const gate = ({ store, bus }: Database, process: Process, traffic: Traffic): Database => {
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

  const ask = <T>(method: keyof Store, keys: number, answer$: Observable<T>): Observable<T> =>
    new Observable((subscriber) => {
      subscriber.add(traffic.asked(method, keys));
      return enter(answer$).subscribe(subscriber);
    });

  return {
    bus: {
      listen$: (channel) => enter(bus.listen$(channel)),
      publish: (...args) => enter(bus.publish(...args)),
    },
    store: {
      heartbeat: (id) => ask('heartbeat', 1, store.heartbeat(id)),
      readCoordinators: (age) => ask('readCoordinators', 1, store.readCoordinators(age)),
      writeBindings: (writer, writes) => ask('writeBindings', writes.length, store.writeBindings(writer, writes)),
      writeTunnels: (writer, writes) =>
        ask(
          'writeTunnels',
          new Set([...writes.clear, ...[...writes.add, ...writes.remove].map(({ src }) => src)]).size,
          store.writeTunnels(writer, writes),
        ),
      loseBindings: (id) => ask('loseBindings', 1, store.loseBindings(id)),
      readNeighbours: (ids) => ask('readNeighbours', ids.length, store.readNeighbours(ids)),
      readPairs: (pairs) => ask('readPairs', new Set(pairs.map(([peerId]) => peerId)).size, store.readPairs(pairs)),
      readBindings: (ids) => ask('readBindings', ids.length, store.readBindings(ids)),
      readOwnBindings: (...args) => ask('readOwnBindings', 1, store.readOwnBindings(...args)),
      readOwnTunnels: (...args) => ask('readOwnTunnels', 1, store.readOwnTunnels(...args)),
      cleanCoordinators: () => ask('cleanCoordinators', 1, store.cleanCoordinators()),
      cleanLostBindings: () => ask('cleanLostBindings', 1, store.cleanLostBindings()),
      cleanTunnels: () => ask('cleanTunnels', 1, store.cleanTunnels()),
    },
  };
};
