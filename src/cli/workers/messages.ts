import type { MetricObjectWithValues, MetricValue } from 'prom-client';

/** The metrics of one worker, as its registry tells them. */
export type WorkerMetrics = readonly MetricObjectWithValues<MetricValue<string>>[];

/** What the process that made a worker tells it. Before `tailnet:hello` it hears nothing. */
export type ToWorker =
  | { readonly kind: 'tailnet:drain' }
  /** Its metrics are wanted, for the question of this number. */
  | { readonly kind: 'tailnet:collect'; readonly question: number }
  /** The answer to the scrape of this number: the metrics of all workers, or why there are none. */
  | { readonly kind: 'tailnet:metrics'; readonly scrape: number; readonly text?: string; readonly error?: string };

/** What a worker tells the process that made it. */
export type FromWorker =
  /** It has begun to listen to what it is told. */
  | { readonly kind: 'tailnet:hello' }
  | { readonly kind: 'tailnet:listening' }
  /** Somebody asks this worker for metrics. */
  | { readonly kind: 'tailnet:scrape'; readonly scrape: number }
  /** Its metrics, as they were wanted; or why there are none. */
  | {
      readonly kind: 'tailnet:collected';
      readonly question: number;
      readonly metrics?: WorkerMetrics;
      readonly error?: string;
    };

/** Which of the workers a process is, from 1 on, in its environment. A worker that takes the place of another has its number. */
export const slotVariable = 'TAILNET_SLOT_AMONG_WORKERS';

/** Others send messages over the same channel. */
export function isOurs(message: unknown): message is ToWorker | FromWorker {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    typeof message.kind === 'string' &&
    message.kind.startsWith('tailnet:')
  );
}
