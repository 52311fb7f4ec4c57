import { filter, firstValueFrom, lastValueFrom, ReplaySubject, Subject, take, toArray } from 'rxjs';
import type { Subscription } from 'rxjs';
import type { Coordinator } from '../../src/coordinator.js';
import type { GatewayEvent, WebSocketGatewayOptions } from '../../src/gateways/index.js';
import { webSocketGateway } from '../../src/gateways/index.js';

type EventOf<Kind extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: Kind }>;

/** A gateway that serves, and all that it said. */
export class ServedGateway {
  readonly events: GatewayEvent[] = [];
  readonly drain$ = new Subject<void>();
  readonly subscription: Subscription;
  readonly #event$ = new ReplaySubject<GatewayEvent>();
  url = '';

  constructor(coordinator: Pick<Coordinator, 'coordinate$'>, options: Partial<WebSocketGatewayOptions>) {
    const complete = { port: 0, ...options, drain$: this.drain$ } as WebSocketGatewayOptions;
    this.subscription = webSocketGateway(coordinator, complete).subscribe(this.#event$);
    this.#event$.subscribe({ next: (event) => this.events.push(event), error: () => undefined });
  }

  static async start(
    coordinator: Pick<Coordinator, 'coordinate$'>,
    options: Partial<WebSocketGatewayOptions> = {},
  ): Promise<ServedGateway> {
    const gateway = new ServedGateway(coordinator, options);
    gateway.url = (await gateway.event('listening')).url;
    return gateway;
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
