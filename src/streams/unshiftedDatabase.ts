import { type SchedulerLike, map, tap } from 'rxjs';
import { type Bus, channels } from '../db/bus.js';
import type { Binding, CoordinatorAge, Store, Uuid, Writer } from '../db/store.js';
import { isUuid } from '../proto/uuid.js';
import { type Shifts, hearing, largestShift, nextShifts, trueAges } from './shifts.js';

/** The parts of a database in which times are told. */
interface Timed {
  readonly store: Store;
  readonly bus: Bus;
}

/**
 * The same database, with true times. A coordinator of coder/coder writes the wall clock of UTC as if it were one of its
 * session's time zone: unless that is UTC, its times are off by hours, and so it would count as silent while it lives, or
 * as live long after its death. By how much is found out when its heartbeat is heard, which is when it was written.
 *
 * What is passed through as it is where nobody's times are off: everything but the ages of coordinators.
 */
export const unshiftedDatabase = ({ store, bus }: Timed, scheduler: SchedulerLike): Timed => {
  /** When each coordinator was last heard: milliseconds of the local scheduler. */
  const heardAt = new Map<Uuid, number>();
  let shifts: Shifts = new Map();

  const learn = (ages: readonly CoordinatorAge[]): void => {
    const now = scheduler.now();
    // Of no use any more; and what was no coordinator's id goes, too.
    for (const [id, at] of heardAt) if (at > now || now - at > hearing) heardAt.delete(id);
    shifts = nextShifts(shifts, ages, heardAt, now);
  };

  const unshifted = (bindings: readonly Binding[]): readonly Binding[] =>
    bindings.map((binding) => {
      const shift = shifts.get(binding.coordinatorId);
      return shift === undefined ? binding : { ...binding, updatedAt: binding.updatedAt + shift * 1000 };
    });

  const knowing = (writer: Writer): Writer => (shifts.size === 0 ? writer : { ...writer, shifts });

  return {
    // One by one: a store of somebody else may be an object of a class.
    store: {
      heartbeat: (id) => store.heartbeat(id),
      readCoordinators: (maxAge) =>
        store.readCoordinators(maxAge + largestShift).pipe(
          tap(learn),
          map((ages) => trueAges(ages, shifts, maxAge)),
        ),
      readBindings: (peerIds) =>
        shifts.size === 0 ? store.readBindings(peerIds) : store.readBindings(peerIds).pipe(map(unshifted)),
      writeBindings: (writer, writes) => store.writeBindings(knowing(writer), writes),
      writeTunnels: (writer, writes) => store.writeTunnels(knowing(writer), writes),
      loseBindings: (id) => store.loseBindings(id),
      readNeighbours: (ids) => store.readNeighbours(ids),
      readPairs: (pairs) => store.readPairs(pairs),
      readOwnBindings: (id) => store.readOwnBindings(id),
      readOwnTunnels: (...args) => store.readOwnTunnels(...args),
      cleanCoordinators: () => store.cleanCoordinators(),
      cleanLostBindings: () => store.cleanLostBindings(),
      cleanTunnels: () => store.cleanTunnels(),
    },
    bus: {
      publish: (channel, payloads) => bus.publish(channel, payloads),
      listen$: (channel) =>
        channel === channels.heartbeat
          ? bus.listen$(channel).pipe(
              tap((event) => {
                if (event.kind === 'message' && isUuid(event.payload)) {
                  heardAt.set(event.payload.toLowerCase(), scheduler.now());
                }
              }),
            )
          : bus.listen$(channel),
    },
  };
};
