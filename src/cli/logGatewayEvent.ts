import type { Logger } from 'pino';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';

/** Connections that come and go are for debugging; those turned away and those that failed are for operators. */
export function logGatewayEvent(logger: Logger, event: GatewayEvent): void {
  switch (event.kind) {
    case 'listening':
      return;
    case 'opened':
    case 'closed': {
      const { kind, ...details } = event;
      logger.debug(details, `connection ${kind}`);
      return;
    }
    case 'rejected': {
      const { error, status, reason, remoteAddress } = event;
      if (error === undefined) logger.info({ status, reason, remoteAddress }, 'connection rejected');
      else logger.error({ err: error, status, reason, remoteAddress }, 'connection rejected');
      return;
    }
    case 'failed':
      logger.error({ err: event.error, peerId: event.peerId }, 'connection failed');
  }
}
