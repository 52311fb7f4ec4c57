import { Registry, collectDefaultMetrics } from 'prom-client';
import { type MonoTypeOperatorFunction, defer, finalize, tap } from 'rxjs';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { coordinatorMetrics } from './coordinatorMetrics.js';
import { databaseMetrics } from './databaseMetrics.js';
import { gatewayMetrics } from './gatewayMetrics.js';
import { propagationMetrics } from './propagationMetrics.js';
import { receiverMetrics } from './receiverMetrics.js';
import { requestMetrics } from './requestMetrics.js';

/** Where metrics are registered, and which. */
export interface MetricsOptions {
  /** Where they are registered. Default: a registry of their own. Registering them twice in one is an error. */
  readonly registry?: Registry;
  /**
   * Also those of the process, as prom-client has them: processor, memory, delay of the event loop. Default false, since
   * a program of yours may have them already.
   */
  readonly ofProcess?: boolean;
  /** Milliseconds, for durations. Default `performance.now()`; in virtual time, `() => scheduler.now()`. */
  readonly now?: () => number;
}

/** What there is to count of one coordinator and the gateways in front of it. */
export interface Metrics {
  /** What a scrape reads: see `metricsRoutes`. */
  readonly registry: Registry;
  /** For `createCoordinator`, once: each coordinator has metrics of its own. */
  readonly telemetry: Telemetry;
  /**
   * Counts what happens at a gateway, and passes it on. When it is unsubscribed, its connections count no more.
   *
   * @param name the label `gateway`, such as `websocket`: of a fixed few
   */
  gateway(name: string): MonoTypeOperatorFunction<GatewayEvent>;
  /** Counts one event, for who has no stream of them. */
  gatewayEvent(name: string, event: GatewayEvent): void;
}

/**
 * Makes the metrics that docs/metrics.md lists, for Prometheus.
 *
 * ```ts
 * const metrics = createMetrics();
 * const coordinator = createCoordinator({ database, telemetry: metrics.telemetry });
 * webSocketGateway(coordinator, { port }).pipe(metrics.gateway('websocket')).subscribe();
 * const routes = { ...healthRoutes(coordinator), ...metricsRoutes(metrics.registry) };
 * ```
 *
 * No label holds an id of a peer, or anything else that strangers choose.
 *
 * @throws Error `A metric with the name … has already been registered.`
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { registry = new Registry(), ofProcess = false, now = () => performance.now() } = options;
  const propagation = propagationMetrics(registry, now);
  const coordinator = coordinatorMetrics(registry, now);
  const database = databaseMetrics(registry);
  const gateways = gatewayMetrics(registry);
  if (ofProcess) processMetrics(registry);
  return {
    registry,
    telemetry: {
      ...silentTelemetry,
      ...{
        now,
        ...requestMetrics(registry),
        ...receiverMetrics(registry),
        ...coordinator,
        ...propagation,
        ...database,
      },
      hintHeard: (hint, isOfInterest) => {
        coordinator.hintHeard(hint, isOfInterest);
        propagation.hintHeard(hint, isOfInterest);
      },
      keyGivenUp: (work, key) => {
        database.keyGivenUp(work, key);
        propagation.keyGivenUp(work, key);
      },
    },
    gateway: (name) => (events$) =>
      defer(() => {
        let open = 0;
        return events$.pipe(
          tap((event) => {
            if (event.kind === 'opened') open++;
            if (event.kind === 'closed') open--;
            gateways.note(name, event);
          }),
          finalize(() => {
            gateways.forget(name, open);
          }),
        );
      }),
    gatewayEvent: (name, event) => {
      gateways.note(name, event);
    },
  };
}

/** What prom-client has, but for what goes through all sockets at each scrape, by names that are no good. */
function processMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const what of ['handles', 'requests', 'resources']) {
    for (const end of ['', '_total']) register.removeSingleMetric(`nodejs_active_${what}${end}`);
  }
}
