import type { Logger } from 'pino';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';

/** A line for each connection that is opened, closed, turned away, or failed. */
export function logGatewayEvent(logger: Logger, event: GatewayEvent): void {
  switch (event.kind) {
    case 'listening':
      return;
    case 'opened': {
      const { peerId: peer_id, name, role, remoteAddress: remote_address, protocol } = event;
      logger.info({ peer_id, name, role, remote_address, protocol }, 'connection opened');
      return;
    }
    case 'closed': {
      const { peerId: peer_id, code, reason, received, sent, durationMs: duration_ms } = event;
      logger.info({ peer_id, code, reason, received, sent, duration_ms }, 'connection closed');
      return;
    }
    case 'rejected': {
      const { error, status, reason, remoteAddress: remote_address } = event;
      if (error === undefined) logger.info({ status, reason, remote_address }, 'connection rejected');
      else logger.error({ err: error, status, reason, remote_address }, 'connection rejected');
      return;
    }
    case 'failed':
      logger.error({ err: event.error, peer_id: event.peerId }, 'connection failed');
  }
}
