import { Observable, type Subscription } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { streamDifference, subscriptionDifference, type Happening, type SubscriptionTimes } from './difference.js';

type Judge =
  { readonly kind: 'stream'; readonly named?: Readonly<Record<string, unknown>> } | { readonly kind: 'subscriptions' };

/** One call of `expectObservable` or `expectSubscriptions`; without a judge nothing was said about it yet. */
interface Expectation {
  judge?: Judge;
}

/** What a test expects, and in what it was disappointed. */
export interface Expectations {
  /** The scheduler that the test runs on; it judges each expectation when it is flushed. */
  readonly scheduler: TestScheduler;
  /** The helpers of `run()`, which also note what is expected. */
  helpers(helpers: RunHelpers): Pick<RunHelpers, 'expectObservable' | 'expectSubscriptions'>;
  /** Unsubscribes from everything of which something is expected. What it does later does not count. */
  readonly stop: () => void;
  /** A text for each expectation that was not met. */
  failures(): readonly string[];
}

export const expectations = (): Expectations => {
  // In the order in which the scheduler judges them; what it judged is taken out.
  const open: Expectation[] = [];
  const failures: string[] = [];
  const subscriptions = new Set<Subscription>();

  const judge = (actual: unknown, expected: unknown) => {
    const index = open.findIndex((expectation) => expectation.judge !== undefined);
    const [expectation] = open.splice(index, 1);
    const failure = differenceFor(expectation?.judge, actual, expected);
    if (failure !== undefined) failures.push(failure);
  };

  const noted = (): Expectation => {
    const expectation: Expectation = {};
    open.push(expectation);
    return expectation;
  };

  const stoppable = <T>(observable: Observable<T>): Observable<T> =>
    new Observable((subscriber) => {
      subscriptions.add(subscriber);
      subscriber.add(() => subscriptions.delete(subscriber));
      return observable.subscribe(subscriber);
    });

  return {
    scheduler: new TestScheduler(judge),
    stop: () => [...subscriptions].forEach((subscription) => subscription.unsubscribe()),

    helpers: (helpers) => ({
      expectObservable: <T>(observable: Observable<T>, subscriptionMarbles?: string | null) => {
        const expectation = noted();
        const inner = helpers.expectObservable(stoppable(observable), subscriptionMarbles);
        return {
          toBe: (marbles: string, values?: unknown, error?: unknown) => {
            expectation.judge = { kind: 'stream', named: namedBy(values) };
            inner.toBe(marbles, values, error);
          },
          toEqual: (other: Observable<T>) => {
            expectation.judge = { kind: 'stream' };
            inner.toEqual(stoppable(other));
          },
        };
      },
      expectSubscriptions: (logs) => {
        const expectation = noted();
        const inner = helpers.expectSubscriptions(logs);
        return {
          toBe: (marbles) => {
            expectation.judge = { kind: 'subscriptions' };
            inner.toBe(marbles);
          },
        };
      },
    }),

    failures: () => [
      ...failures,
      ...open.map(() => 'expectObservable() or expectSubscriptions() was called without toBe() or toEqual()'),
    ],
  };
};

const differenceFor = (judge: Judge | undefined, actual: unknown, expected: unknown): string | undefined => {
  if (judge?.kind === 'subscriptions') {
    const difference = subscriptionDifference(actual as SubscriptionTimes[], expected as SubscriptionTimes[]);
    return difference && `subscriptions differ from what was expected\n\n${difference}`;
  }
  const difference = streamDifference(actual as Happening[], expected as Happening[], judge?.named);
  return difference && `a stream differs from what was expected\n\n${difference}`;
};

/** Values that are cold observables are recorded as what they emit. */
const namedBy = (values: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([letter, value]: [string, unknown]) => [
      letter,
      typeof value === 'object' && value !== null && 'messages' in value && 'subscribe' in value
        ? value.messages
        : value,
    ]),
  );
