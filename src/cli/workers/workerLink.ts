import cluster from 'node:cluster';
import type { Registry } from 'prom-client';
import type { ScrapedMetrics } from '../../metrics/metricsRoutes.js';
import type { ShutdownRequest } from '../shutdownRequest.js';
import { isOurs, slotVariable, type FromWorker } from './messages.js';

/** The link from a worker to the process that made it. */
export interface WorkerLink {
  /** Which of the workers this is, from 1 on. */
  readonly slot: string;
  /** Stops when it is told to: signals are for the process that made it, which Ctrl-C reaches at the same time. */
  shutdownRequest(): ShutdownRequest;
  /** Gives these metrics to whoever asks any worker, and returns those of all. */
  shareMetrics(registry: Registry): ScrapedMetrics;
  /** Tells that peers can connect. */
  listening(): void;
  /** Nothing keeps this process alive any more. */
  leave(): void;
}

type Send = (message: FromWorker) => void;

/** The link of this process; undefined if it is no worker. */
export function workerLink(): WorkerLink | undefined {
  const { worker } = cluster;
  if (!cluster.isWorker || worker === undefined) return undefined;
  // When the other process is gone, so are we in a moment.
  const send: Send = (message) => void worker.send(message, () => {});
  return {
    slot: process.env[slotVariable] ?? '',
    shutdownRequest: () => shutdownRequest(send),
    shareMetrics: (registry) => shareMetrics(registry, send),
    listening: () => send({ kind: 'tailnet:listening' }),
    leave: () => void worker.disconnect(),
  };
}

function shutdownRequest(send: Send): ShutdownRequest {
  let isReceived = false;
  let resolve: (signal: NodeJS.Signals) => void;
  const received = new Promise<NodeJS.Signals>((settle) => (resolve = settle));
  const onMessage = (message: unknown): void => {
    if (!isOurs(message) || message.kind !== 'tailnet:drain') return;
    isReceived = true;
    resolve('SIGTERM');
  };
  process.on('message', onMessage).on('SIGTERM', ignore).on('SIGINT', ignore);
  send({ kind: 'tailnet:hello' });
  return {
    received,
    isReceived: () => isReceived,
    dispose: () => {
      process.off('message', onMessage).off('SIGTERM', ignore).off('SIGINT', ignore);
    },
  };
}

function shareMetrics(registry: Registry, send: Send): ScrapedMetrics {
  const scrapes = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();
  let last = 0;
  const collect = (question: number): void => {
    registry.getMetricsAsJSON().then(
      (metrics) => send({ kind: 'tailnet:collected', question, metrics }),
      (error: unknown) => send({ kind: 'tailnet:collected', question, error: String(error) }),
    );
  };
  process.on('message', (message) => {
    if (!isOurs(message)) return;
    if (message.kind === 'tailnet:collect') collect(message.question);
    if (message.kind !== 'tailnet:metrics') return;
    const scrape = scrapes.get(message.scrape);
    scrapes.delete(message.scrape);
    if (message.text === undefined) scrape?.reject(new Error(message.error));
    else scrape?.resolve(message.text);
  });
  return {
    contentType: registry.contentType,
    metrics: () =>
      new Promise<string>((resolve, reject) => {
        const scrape = ++last;
        scrapes.set(scrape, { resolve, reject });
        send({ kind: 'tailnet:scrape', scrape });
      }),
  };
}

function ignore(): void {
  // The process that made us is told the same.
}
