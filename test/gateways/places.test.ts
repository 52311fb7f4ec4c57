import { expect } from 'chai';
import { of, Subject, Subscription, throwError, VirtualTimeScheduler } from 'rxjs';
import { Places } from '../../src/gateways/places.js';
import { marbles } from '../../src/testing/index.js';

describe('Places', () => {
  it(
    'are given to as many as there are, and to the next in order when one is done',
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const places = new Places(2, scheduler);
      const first$ = cold(' --a-|');
      const second$ = cold('------b|');
      const third$ = cold('     c---|');
      const fourth$ = cold('       --d|');
      expectObservable(places.hold(first$)).toBe(' --a-|');
      expectObservable(places.hold(second$)).toBe('------b|');
      expectObservable(places.hold(third$)).toBe(' ----c---|');
      expectObservable(places.hold(fourth$)).toBe('---------d|');
      expectSubscriptions(third$.subscriptions).toBe(' ----^---!');
      expectSubscriptions(fourth$.subscriptions).toBe('-------^--!');
    }),
  );

  it(
    'are free again after an error, and when nobody wants the result any more',
    marbles(({ scheduler, cold, expectObservable }) => {
      const places = new Places(1, scheduler);
      expectObservable(places.hold(cold('--#'))).toBe('      --#');
      expectObservable(places.hold(cold('-----')), '^---!').toBe('-----');
      expectObservable(places.hold(cold('a|'))).toBe('       ----a|');
    }),
  );

  it(
    'are not kept for who has left',
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const places = new Places(1, scheduler);
      const gone$ = cold('a|');
      expectObservable(places.hold(cold('----|'))).toBe('----|');
      expectObservable(places.hold(gone$), '--^!').toBe('');
      expectObservable(places.hold(cold('a|'))).toBe('   ----a|');
      expectSubscriptions(gone$.subscriptions).toBe([]);
    }),
  );

  it('let 32 begin in a turn, and those that come on top in the next, in order', () => {
    const nextTurn: (() => void)[] = [];
    const scheduler = new VirtualTimeScheduler();
    scheduler.schedule = (work: () => void) => {
      nextTurn.push(work);
      return new Subscription();
    };
    const places = new Places(1000, scheduler);
    const begun: number[] = [];
    for (let index = 1; index <= 80; index++) {
      const note = () => begun.push(index);
      const work$ = index % 10 === 0 ? throwError(() => new Error('a defect')) : of(index);
      places.hold(work$).subscribe({ next: note, error: note });
    }
    for (const [count, waiting] of [
      [32, 48],
      [64, 16],
      [80, 0],
    ]) {
      expect([begun.length, places.waiting]).to.deep.equal([count, waiting]);
      expect(nextTurn).to.have.lengthOf(1);
      nextTurn.pop()?.();
    }
    expect(begun).to.deep.equal(Array.from({ length: 80 }, (_, index) => index + 1));
  });

  it('overtake nobody who waits, though a place is free when somebody asks from within', () => {
    const places = new Places(1, new VirtualTimeScheduler());
    const begun: string[] = [];
    const first$ = new Subject<never>();
    places.hold(first$).subscribe({
      complete: () => {
        places.hold(of('from within')).subscribe((who) => begun.push(who));
      },
    });
    places.hold(of('waiting')).subscribe((who) => begun.push(who));
    first$.complete();
    expect(begun).to.deep.equal(['waiting', 'from within']);
  });
});
