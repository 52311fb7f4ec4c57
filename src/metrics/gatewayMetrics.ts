import { Counter, Gauge, type Registry } from 'prom-client';
import { closeCodes } from '../gateways/closeCode.js';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';

/** Told of what happens at gateways. */
export interface GatewayCounts {
  /** @param gateway its name, of which there are few */
  note(gateway: string, event: GatewayEvent): void;
  /** Nobody hears any more what becomes of so many connections that were opened. */
  forget(gateway: string, connections: number): void;
}

/** Peers close with whatever code they like; each would be a series for ever. 1005 is none at all. */
const knownCodes: ReadonlySet<number> = new Set([...Object.values(closeCodes), 1005]);

/** Who comes and goes at the gateways. */
export function gatewayMetrics(registry: Registry): GatewayCounts {
  const registers = [registry];
  const connections = new Gauge({
    name: 'tailnet_connections',
    help: 'Connections that are open.',
    labelNames: ['gateway'],
    registers,
  });
  const opened = new Counter({
    name: 'tailnet_connections_opened_total',
    help: 'Connections that were opened.',
    labelNames: ['gateway', 'protocol'],
    registers,
  });
  const closed = new Counter({
    name: 'tailnet_connections_closed_total',
    help: 'Connections that are over, by their close code; `other` for codes of peers that mean nothing here.',
    labelNames: ['gateway', 'code'],
    registers,
  });
  const rejected = new Counter({
    name: 'tailnet_connections_rejected_total',
    help: 'Those who were turned away, by the HTTP status that says why.',
    labelNames: ['gateway', 'status'],
    registers,
  });
  const failed = new Counter({
    name: 'tailnet_connections_failed_total',
    help: 'Connections that were ended by a defect.',
    labelNames: ['gateway'],
    registers,
  });
  return {
    note: (gateway, event) => {
      switch (event.kind) {
        case 'listening':
          connections.inc({ gateway }, 0);
          failed.inc({ gateway }, 0);
          break;
        case 'opened':
          connections.inc({ gateway });
          opened.inc({ gateway, protocol: event.protocol });
          break;
        case 'closed':
          connections.dec({ gateway });
          closed.inc({ gateway, code: knownCodes.has(event.code) ? String(event.code) : 'other' });
          break;
        case 'rejected':
          rejected.inc({ gateway, status: String(event.status) });
          break;
        case 'failed':
          failed.inc({ gateway });
      }
    },
    forget: (gateway, count) => {
      connections.dec({ gateway }, count);
    },
  };
}
