import { type Observable, defer, tap } from 'rxjs';
import type { Bus } from '../db/bus.js';
import { type Store, StoreError } from '../db/store.js';
import { type Query, type QueryResult, type Telemetry, silentTelemetry } from '../telemetry.js';
import { tunnelWriteSize } from './tunnelWriteSize.js';

/** The calls of a store and a bus, and who is told how long each took and how it ended. */
interface Measured {
  readonly store: Store;
  readonly bus: Bus;
}

/**
 * The same database, whose calls are timed: from when they are subscribed to until they end. Where nobody is told, it is
 * the database itself.
 */
export const measuredDatabase = (
  { store, bus }: Measured,
  telemetry: Pick<Telemetry, 'now' | 'queryEnded'>,
): Measured => {
  if (telemetry === silentTelemetry) return { store, bus };

  const timed = <T>(query: Query, keys: number | undefined, call: () => Observable<T>): Observable<T> =>
    defer(() => {
      const begunAt = telemetry.now();
      const ended = (result: QueryResult): void => {
        telemetry.queryEnded(query, result, telemetry.now() - begunAt, keys);
      };
      return call().pipe(
        tap({
          complete: () => {
            ended('ok');
          },
          error: (error: unknown) => {
            ended(error instanceof StoreError ? error.reason : 'defect');
          },
          unsubscribe: () => {
            ended('abandoned');
          },
        }),
      );
    });

  return {
    store: {
      heartbeat: (id) => timed('heartbeat', undefined, () => store.heartbeat(id)),
      readCoordinators: (maxAge) => timed('readCoordinators', undefined, () => store.readCoordinators(maxAge)),
      writeBindings: (writer, writes) =>
        timed('writeBindings', writes.length, () => store.writeBindings(writer, writes)),
      writeTunnels: (writer, writes) =>
        timed('writeTunnels', tunnelWriteSize(writes), () => store.writeTunnels(writer, writes)),
      loseBindings: (id) => timed('loseBindings', undefined, () => store.loseBindings(id)),
      readNeighbours: (ids) => timed('readNeighbours', ids.length, () => store.readNeighbours(ids)),
      readPairs: (pairs) => timed('readPairs', pairs.length, () => store.readPairs(pairs)),
      readBindings: (ids) => timed('readBindings', ids.length, () => store.readBindings(ids)),
      readOwnBindings: (id) => timed('readOwnBindings', undefined, () => store.readOwnBindings(id)),
      readOwnTunnels: (...args) => timed('readOwnTunnels', undefined, () => store.readOwnTunnels(...args)),
      cleanCoordinators: () => timed('cleanCoordinators', undefined, () => store.cleanCoordinators()),
      cleanLostBindings: () => timed('cleanLostBindings', undefined, () => store.cleanLostBindings()),
      cleanTunnels: () => timed('cleanTunnels', undefined, () => store.cleanTunnels()),
    },
    bus: {
      listen$: (channel) => bus.listen$(channel),
      publish: (channel, payloads) => timed('publish', payloads.length, () => bus.publish(channel, payloads)),
    },
  };
};
