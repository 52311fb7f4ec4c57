import { Subject, type Observable } from 'rxjs';
import { StoreError } from '../../db/store.js';
import type { Call, Method } from './call.js';

/** Ends what it was returned by. Calling it again does nothing. */
export type Undo = () => void;

/** Picks notifications. */
export type NotificationPredicate = (channel: string, payload: string) => boolean;

/**
 * What can go wrong between a coordinator and its database. Faults add up; without any, everything passes.
 *
 * Where a method is asked for, none means any. A fault for some calls is used up by the calls of that method in the
 * order in which they are made; of several that fit, the one given first.
 */
export interface Faults {
  /** Every call, when it is made and before any fault: for assertions on what was asked, and how often. Hot. */
  readonly calls$: Observable<Call>;

  /** The next `times` (1) calls fail and change nothing; by default with a {@link StoreError} `unavailable`. */
  failNext(method?: Method, times?: number, error?: StoreError): void;

  /** The next `times` (1) calls do their work, announcements included, but their answer is lost: they fail. */
  failAfterEffect(method?: Method, times?: number, error?: StoreError): void;

  /**
   * The next `times` (1) calls fail at once and do their work `lateness` milliseconds later, announcements included: a
   * connection broke while the statement waited in the database. Whatever follows may overtake it.
   */
  failBeforeEffect(lateness: number, method?: Method, times?: number, error?: StoreError): void;

  /**
   * Calls for which this returns an error fail with it and change nothing, until undone. For an item that the database
   * will never take: return a {@link StoreError} `refused` for every call that holds it.
   */
  failWhen(errorFor: (call: Call) => StoreError | undefined): Undo;

  /** Calls are held on their way, neither done nor answered: a database that stalls. Undone, they go on in their order. */
  hang(method?: Method): Undo;

  /** Calls under way, those that hang included, fail: they took too long. Further ones pass, and the bus is not concerned. */
  breakOff(error?: StoreError): void;

  /**
   * The connection breaks: calls under way and all further ones fail (by default with a {@link StoreError}
   * `unavailable`), and the bus is silent. What was written stays written.
   */
  goAway(error?: StoreError): void;

  /** The connection is there again, and listeners are told of a gap. Does nothing when it was not away. */
  comeBack(): void;

  /** Notifications are lost and nobody is told, until undone: all of them, or those that are picked. */
  dropNotifications(which?: NotificationPredicate): Undo;

  /** Notifications are heard twice, until undone: all of them, or those that are picked. */
  repeatNotifications(which?: NotificationPredicate): Undo;

  /** Notifications under way are lost, and listeners are told of a gap. */
  gap(): void;

  /** Ends every fault: comes back, lets go what hangs, forgets failures still to come. */
  recover(): void;
}

/** What a call meets. */
export type Fate = Failure | undefined;

/** How a call fails. */
export interface Failure {
  readonly error: StoreError;
  /** Whether it does its work all the same: before it fails, or so many milliseconds after. */
  readonly effect: 'none' | 'before' | number;
}

/** The faults as the wires between coordinator and database see them. */
export interface FaultState extends Faults {
  /** To be told of every call; says what it meets. */
  meet(call: Call): Fate;
  isHeld(call: Call): boolean;
  /** Something that hung was let go. */
  readonly released$: Observable<void>;
  readonly isAway: boolean;
  /** Breaks calls under way. */
  readonly broken$: Observable<StoreError>;
  isDropped: NotificationPredicate;
  isRepeated: NotificationPredicate;
  /** Listeners are to be told of a gap. */
  readonly gaps$: Observable<void>;
  /** Grows whenever notifications under way are lost. */
  readonly era: number;
}

interface Plan extends Failure {
  readonly method: Method | undefined;
  times: number;
}

export const faultState = (): FaultState => {
  const calls$ = new Subject<Call>();
  const released$ = new Subject<void>();
  const broken$ = new Subject<StoreError>();
  const gaps$ = new Subject<void>();
  const plans: Plan[] = [];
  const judges = new Set<{ errorFor: (call: Call) => StoreError | undefined }>();
  const holds = new Set<{ method: Method | undefined }>();
  const drops = new Set<{ which: NotificationPredicate }>();
  const repeats = new Set<{ which: NotificationPredicate }>();
  let away: StoreError | undefined;
  let era = 0;

  const fits = (method: Method | undefined, call: Call) => method === undefined || method === call.method;

  const plan = (effect: Failure['effect'], method: Method | undefined, times: number, error: StoreError) => {
    plans.push({ method, times, error, effect });
  };

  const usePlan = (call: Call): Plan | undefined => {
    const index = plans.findIndex(({ method }) => fits(method, call));
    const found = plans[index];
    if (found && (found.times -= 1) <= 0) plans.splice(index, 1);
    return found;
  };

  const judge = (call: Call): Fate => {
    for (const { errorFor } of judges) {
      const error = errorFor(call);
      if (error) return { error, effect: 'none' };
    }
    return undefined;
  };

  const faults: FaultState = {
    calls$: calls$.asObservable(),
    released$,
    broken$,
    gaps$,
    get isAway() {
      return away !== undefined;
    },
    get era() {
      return era;
    },

    meet: (call) => {
      calls$.next(call);
      return away ? { error: away, effect: 'none' } : (usePlan(call) ?? judge(call));
    },
    isHeld: (call) => [...holds].some(({ method }) => fits(method, call)),
    isDropped: (channel, payload) => [...drops].some(({ which }) => which(channel, payload)),
    isRepeated: (channel, payload) => [...repeats].some(({ which }) => which(channel, payload)),

    failNext: (method, times = 1, error = unavailable('the database failed')) => plan('none', method, times, error),
    failAfterEffect: (method, times = 1, error = unavailable('the answer was lost')) =>
      plan('before', method, times, error),
    failBeforeEffect: (lateness, method, times = 1, error = unavailable('the connection broke')) =>
      plan(lateness, method, times, error),
    failWhen: (errorFor) => addTo(judges, { errorFor }),
    hang: (method) => {
      const letGo = addTo(holds, { method });
      return () => {
        letGo();
        released$.next();
      };
    },
    breakOff: (error = unavailable('the call took too long')) => broken$.next(error),
    goAway: (error = unavailable('the database is away')) => {
      away = error;
      era += 1;
      broken$.next(error);
    },
    comeBack: () => {
      if (!away) return;
      away = undefined;
      gaps$.next();
    },
    dropNotifications: (which = () => true) => addTo(drops, { which }),
    repeatNotifications: (which = () => true) => addTo(repeats, { which }),
    gap: () => {
      era += 1;
      gaps$.next();
    },
    recover: () => {
      plans.length = 0;
      judges.clear();
      drops.clear();
      repeats.clear();
      holds.clear();
      released$.next();
      faults.comeBack();
    },
  };
  return faults;
};

const unavailable = (message: string) => new StoreError('unavailable', message);

const addTo = <T>(set: Set<T>, item: T): Undo => {
  set.add(item);
  return () => void set.delete(item);
};
