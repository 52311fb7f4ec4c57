import { filter, firstValueFrom, NEVER, Observable, ReplaySubject, Subject, Subscription, tap } from 'rxjs';
import type { CoordinateOptions, Coordinator } from '../../src/api.js';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { errorResponse } from '../../src/proto/responses.js';

/** One call of `coordinate$`, as the coordinator sees it. */
export class Coordination {
  readonly peerId: string;
  readonly options: CoordinateOptions;
  readonly responses$ = new Subject<CoordinateResponse>();
  readonly requests$ = new ReplaySubject<CoordinateRequest>();
  /** The current value of `ready$`, and all before. */
  readonly ready: boolean[] = [];
  readonly #readiness$ = new ReplaySubject<boolean>(1);
  readonly #unsubscribed$ = new ReplaySubject<true>(1);
  isUnsubscribed = false;

  constructor(peerId: string, options: CoordinateOptions) {
    this.peerId = peerId;
    this.options = options;
  }

  /** Ends the connection as a coordinator does. */
  end(error?: string): void {
    if (error !== undefined) this.responses$.next(errorResponse(error));
    this.responses$.complete();
  }

  /** Resolves when the gateway has let go, though the stream had not ended. */
  unsubscribed(): Promise<true> {
    return firstValueFrom(this.#unsubscribed$);
  }

  /** Resolves when the gateway says that it is, or is not, ready. */
  becomes(ready: boolean): Promise<boolean> {
    return firstValueFrom(this.#readiness$.pipe(filter((value) => value === ready)));
  }

  /** Listens to the requests now; of no consequence unless the coordinator `listensLate`. */
  listen: () => void = () => undefined;

  connect(requests$: Observable<CoordinateRequest>, listensLate: boolean): Observable<CoordinateResponse> {
    return new Observable((subscriber) => {
      const inputs = new Subscription();
      const listen = (): void => {
        inputs.add(requests$.subscribe(this.requests$));
      };
      if (listensLate) this.listen = listen;
      else listen();
      inputs.add(
        (this.options.ready$ ?? NEVER).subscribe((ready) => {
          this.ready.push(ready);
          this.#readiness$.next(ready);
        }),
      );
      let hasEnded = false;
      const outputs = this.responses$
        .pipe(tap({ complete: () => (hasEnded = true), error: () => (hasEnded = true) }))
        .subscribe(subscriber);
      return () => {
        outputs.unsubscribe();
        inputs.unsubscribe();
        if (hasEnded) return;
        this.isUnsubscribed = true;
        this.#unsubscribed$.next(true);
      };
    });
  }
}

/** A coordinator that does only what a test tells it to. */
export class FakeCoordinator implements Pick<Coordinator, 'coordinate$'> {
  readonly coordinations: Coordination[] = [];
  readonly #coordinations$ = new ReplaySubject<Coordination>();

  /** Requests are listened to only after `coordination.listen()`. */
  listensLate = false;

  /** Called for each new connection, before it can hear anything. */
  onConnect: (coordination: Coordination) => void = () => undefined;

  coordinate$(
    peerId: string,
    requests$: Observable<CoordinateRequest> = NEVER,
    options: CoordinateOptions = {},
  ): Observable<CoordinateResponse> {
    const coordination = new Coordination(peerId, options);
    return new Observable((subscriber) => {
      const subscription = coordination.connect(requests$, this.listensLate).subscribe(subscriber);
      this.coordinations.push(coordination);
      this.#coordinations$.next(coordination);
      this.onConnect(coordination);
      return subscription;
    });
  }

  /** The connection of a peer, as soon as it is there. */
  coordination(peerId: string): Promise<Coordination> {
    return firstValueFrom(this.#coordinations$.pipe(filter((coordination) => coordination.peerId === peerId)));
  }
}
