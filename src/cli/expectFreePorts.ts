import { once } from 'node:events';
import { createServer } from 'node:net';
import type { GatewayOptions } from './serveGateways.js';
import { listenError } from './listenError.js';

/** Where to listen. */
export type Ports = Pick<GatewayOptions, 'host' | 'port' | 'grpcPort' | 'metricsPort'>;

/**
 * Listens at each port that was asked for, and stops again: one that is taken is found out before anything has been
 * written to the database. A supervisor that starts the command again and again would leave a coordinator each time.
 *
 * @throws CommandError `cannot listen on …`
 */
export async function expectFreePorts({ host, port, grpcPort, metricsPort }: Ports): Promise<void> {
  await expectFree(host, port, '; choose another with --port');
  await expectFree(host, grpcPort, '; choose another with --grpc-port');
  await expectFree(host, metricsPort, '; choose another with --metrics-port');
}

/** A port that is no number, or 0, is anybody's. */
async function expectFree(host: string, port: number | string | undefined, advice = ''): Promise<void> {
  if (typeof port !== 'number' || port === 0) return;
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  } catch (error) {
    throw listenError(error, host, port, advice);
  }
}
