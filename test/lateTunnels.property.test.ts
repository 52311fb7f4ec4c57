import { expect } from 'chai';
import fc from 'fast-check';
import { Observable, mergeMap, timer } from 'rxjs';
import { type Store, StoreError, type TunnelWrites } from '../src/db/store.js';
import { type MarblesContext, alice, bob, carol, dave, eve, marbles, nameOf } from '../src/testing/index.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

/** Nothing that failed comes later than this; and the own rows are compared after that. */
const [latest, calm] = [9_900, 60_000];

const someone = fc.constantFrom(bob, carol, dave, eve);

/** What alice does, and for how long she does nothing before. A goodbye and a loss end her connection, all else begins one. */
const deed = fc.record({
  after: fc.oneof(fc.nat(300), fc.nat(2_500), fc.nat(12_000)),
  what: fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('open' as const), dst: someone }), weight: 4 },
    { arbitrary: fc.record({ kind: fc.constant('shut' as const), dst: someone }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constantFrom('goodbye' as const, 'loss' as const) }), weight: 3 },
    // Another peer's statements have failures of their own, and so have checks begin.
    { arbitrary: fc.record({ kind: fc.constant('other' as const) }), weight: 1 },
  ),
});

/** What becomes of a statement: it is answered, or fails after a while, and may be done later than that all the same. */
const fate = fc.oneof(
  { arbitrary: fc.constant('answered' as const), weight: 2 },
  {
    arbitrary: fc.record({
      failsAfter: fc.oneof(fc.constant(0), fc.nat(5_000)),
      isDoneAfter: fc.option(fc.integer({ min: 1, max: latest })),
    }),
    weight: 3,
  },
);

const life = fc.record({
  deeds: fc.array(deed, { minLength: 2, maxLength: 14, size: 'max' }),
  fates: fc.array(fate, { maxLength: 20, size: 'max' }),
});

const onlyOpens = ({ remove, clear, removeOwn = [] }: TunnelWrites): boolean =>
  remove.length + clear.length + removeOwn.length === 0;

const play =
  ({ deeds, fates }: typeof life extends fc.Arbitrary<infer T> ? T : never) =>
  ({ database, createCoordinator, scheduler }: MarblesContext): void => {
    const { store, bus } = database.connect();
    const coming = fates.values();

    const writeTunnels: Store['writeTunnels'] = (writer, writes) =>
      new Observable((subscriber) => {
        const write$ = store.writeTunnels(writer, writes);
        const { value: next = 'answered' } = coming.next();
        if (next === 'answered') return write$.subscribe(subscriber);
        const { failsAfter, isDoneAfter } = next;
        if (isDoneAfter !== null && onlyOpens(writes)) {
          timer(failsAfter + isDoneAfter, scheduler)
            .pipe(mergeMap(() => write$))
            .subscribe();
        }
        return timer(failsAfter, scheduler).subscribe(() => {
          subscriber.error(new StoreError('unavailable', 'the connection broke'));
        });
      });

    const coordinator = createCoordinator({ database: { store: { ...store, writeTunnels }, bus }, scheduler });
    const at = onTime(scheduler);
    const other = virtualPeer(coordinator, bob);
    let connection: ReturnType<typeof virtualPeer> | undefined;
    /** What she opened and has not taken back since: a loss takes nothing back. */
    const said = new Set<string>();
    let time = 10;
    for (const { after, what } of deeds) {
      at((time += after + 1), () => {
        if (what.kind === 'other') {
          other.tunnel(carol);
          return;
        }
        if (what.kind === 'open' || what.kind === 'shut') {
          connection ??= virtualPeer(coordinator, alice);
          if (what.kind === 'open') connection.tunnel(what.dst);
          else connection.removeTunnel(what.dst);
          if (what.kind === 'open') said.add(nameOf(what.dst));
          else said.delete(nameOf(what.dst));
          return;
        }
        if (connection === undefined) return;
        if (what.kind === 'loss') connection.drop();
        else {
          connection.goodbye();
          said.clear();
        }
        connection = undefined;
      });
    }
    at(time + calm, () => {
      expect(database.rows.tunnels(alice).map(({ dst }) => nameOf(dst))).to.have.members([...said]);
    });
  };

describe('tunnels of which statements fail, and take effect later than others', () => {
  it('are there in the end if their source has not taken them back, and not if it has', () => {
    fc.assert(
      fc.property(life, (drawn) => {
        marbles(play(drawn), { until: 300_000 })();
      }),
      { numRuns: 300 },
    );
  });
});
