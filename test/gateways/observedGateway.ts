import { filter, firstValueFrom, lastValueFrom, type Observable, ReplaySubject, Subject, take, toArray } from 'rxjs';
import type { Subscription } from 'rxjs';
import type { GatewayEvent } from '../../src/gateways/index.js';

type EventOf<Kind extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: Kind }>;

/** A gateway that serves, and all that it said. */
export class ObservedGateway {
  readonly events: GatewayEvent[] = [];
  readonly drain$ = new Subject<void>();
  readonly subscription: Subscription;
  readonly #event$ = new ReplaySubject<GatewayEvent>();
  url = '';

  constructor(serve: (drain$: Observable<void>) => Observable<GatewayEvent>) {
    this.subscription = serve(this.drain$).subscribe(this.#event$);
    this.#event$.subscribe({ next: (event) => this.events.push(event), error: () => undefined });
  }

  /** The first event of this kind, past or future. */
  event<Kind extends GatewayEvent['kind']>(kind: Kind): Promise<EventOf<Kind>> {
    return firstValueFrom(this.#event$.pipe(filter((event): event is EventOf<Kind> => event.kind === kind)));
  }

  /** So many events of this kind. */
  async eventsOf<Kind extends GatewayEvent['kind']>(kind: Kind, count: number): Promise<EventOf<Kind>[]> {
    return firstValueFrom(
      this.#event$.pipe(
        filter((event): event is EventOf<Kind> => event.kind === kind),
        take(count),
        toArray(),
      ),
    );
  }

  /** Resolves when the gateway has completed. */
  async completed(): Promise<void> {
    await lastValueFrom(this.#event$);
  }
}
