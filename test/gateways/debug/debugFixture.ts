import { NEVER, Observable, ReplaySubject, Subject, firstValueFrom, skip } from 'rxjs';
import type { WatchUpdate } from '../../../src/api.js';
import type { Overview } from '../../../src/db/overview.js';
import { debugRoutes, httpServer$, routesUnder } from '../../../src/gateways/index.js';
import type { DebugOptions, GatewayEvent, ListeningHttpServer } from '../../../src/gateways/index.js';
import { alice, bob } from '../gatewayFixture.js';
import { WatchFixture } from '../watchFixture.js';

export const [first, second] = ['c0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000002'];

/** Alice at the first coordinator, with a tunnel to Bob at the second. */
export const overview = (more: Partial<Overview> = {}): Overview => ({
  readAt: 10_000,
  isPartial: false,
  coordinators: [first, second].map((id) => ({ id, heartbeatAt: 9000, isLive: true })),
  peers: [
    { id: alice, coordinatorId: first, status: 'ok', writtenAt: 5000 },
    { id: bob, coordinatorId: second, status: 'ok', writtenAt: 6000 },
  ],
  tunnels: [{ src: alice, dst: bob, coordinatorId: first, writtenAt: 7000 }],
  ...more,
});

/** What a test about looking needs: a database that says what the test says, and a server. All is gone after the test. */
export class DebugFixture {
  readonly http = new WatchFixture();
  readonly events: GatewayEvent[] = [];
  readonly troubles: unknown[] = [];
  /** What is read of the database: one for each reading. */
  readonly readings: Subject<Overview>[] = [];
  readonly #reading$ = new ReplaySubject<Subject<Overview>>();
  readonly #abandoned$ = new ReplaySubject<true>(1);
  readonly #listening$ = new ReplaySubject<ListeningHttpServer>(1);
  #served = NEVER.subscribe();
  watch$: (id: string) => Observable<WatchUpdate> = () => NEVER;

  /** Answers every reading with this, in the place of leaving it to the test. */
  answer: (() => Overview) | undefined;

  /** Serves, and returns the URL of the page. */
  async serve(options: DebugOptions = {}, basePath = ''): Promise<string> {
    const read = () =>
      new Observable<Overview>((subscriber) => {
        const reading = new Subject<Overview>();
        reading.subscribe(subscriber);
        subscriber.add(() => this.#abandoned$.next(true));
        this.readings.push(reading);
        this.#reading$.next(reading);
        if (this.answer) {
          reading.next(this.answer());
          reading.complete();
        }
      });
    const routes = debugRoutes({ id: first, watch$: (id) => this.watch$(id) }, read, {
      onEvent: (event) => this.events.push(event),
      onTrouble: (error) => this.troubles.push(error),
      ...options,
    });
    this.#served = httpServer$({ port: 0, routes: routesUnder(basePath, routes) }).subscribe(this.#listening$);
    return `${(await firstValueFrom(this.#listening$)).url}${basePath}/debug/tailnet`;
  }

  /** A reading, past or future. */
  reading(number = 1): Promise<Subject<Overview>> {
    return firstValueFrom(this.#reading$.pipe(skip(number - 1)));
  }

  /** Resolves when a reading is over, or nobody waits for it any more. */
  abandoned(): Promise<true> {
    return firstValueFrom(this.#abandoned$);
  }

  end(): void {
    this.http.end();
    this.#served.unsubscribe();
  }
}
