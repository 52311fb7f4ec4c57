import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createCoordinator } from '../../src/coordinator.js';
import { webSocketGateway } from '../../src/gateways/index.js';

// A program that has a coordinator in it, and blocks its event loop for so many milliseconds whenever it gets a
// SIGUSR2, as a program may that computes something on the side. It logs as `serve` does.
const [databaseUrl = '', milliseconds = '0'] = process.argv.slice(2);
const logger = pino();
const coordinator = createCoordinator({ database: databaseUrl, logger });
const server = createServer();
webSocketGateway(coordinator, { server }).subscribe();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  logger.info({ http: `http://127.0.0.1:${String(port)}`, coordinator_id: coordinator.id }, 'listening');
});
process.on('SIGUSR2', () => {
  logger.info('stalling');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(milliseconds));
  logger.info('going on');
});
