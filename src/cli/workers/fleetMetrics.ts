import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { WorkerMetrics } from './messages.js';

/** What is counted of the workers themselves, and put together with what they count. */
export class FleetMetrics {
  /** Where they are. */
  readonly registry = new Registry();
  readonly #up: Gauge<'worker'>;
  readonly #restarts: Counter<'worker'>;

  /** @param size workers that there are to be */
  constructor(size: number) {
    const registers = [this.registry];
    this.#up = new Gauge({
      name: 'tailnet_worker_up',
      help: 'Whether a worker has told its metrics, 1, or is gone, starting, or too busy to, 0.',
      labelNames: ['worker'],
      registers,
    });
    this.#restarts = new Counter({
      name: 'tailnet_worker_restarts_total',
      help: 'How often a worker ended, and another was started in its place.',
      labelNames: ['worker'],
      registers,
    });
    for (let slot = 1; slot <= size; slot++) {
      this.#up.set({ worker: String(slot) }, 0);
      this.#restarts.inc({ worker: String(slot) }, 0);
    }
  }

  restarted(slot: number): void {
    this.#restarts.inc({ worker: String(slot) });
  }

  /**
   * All metrics, in the text format of Prometheus.
   *
   * @param told those of each worker that has told them
   */
  async text(told: ReadonlyMap<number, WorkerMetrics>): Promise<string> {
    for (const { labels } of (await this.#up.get()).values) {
      this.#up.set(labels, told.has(Number(labels.worker)) ? 1 : 0);
    }
    const own = await this.registry.getMetricsAsJSON();
    // It takes what it is given for its own, and changes nothing of it.
    return AggregatorRegistry.aggregate([own, ...told.values()] as object[]).metrics();
  }
}
