import type { Registry } from 'prom-client';
import type { CoordinateRequest } from '../proto/gen/tailnet.js';
import type { RequestResult, Telemetry } from '../telemetry.js';
import { Tally } from './tally.js';

const kinds = ['update_self', 'add_tunnel', 'remove_tunnel', 'disconnect', 'ready_for_handshake', 'none'] as const;

const results: readonly RequestResult[] = ['accepted', 'warned', 'invalid', 'unauthorized', 'failed'];

/** What peers ask for, and what becomes of it. */
export function requestMetrics(registry: Registry): Pick<Telemetry, 'requestHandled'> {
  const requests = new Tally<(typeof kinds)[number], RequestResult>({
    name: 'tailnet_requests_total',
    help: 'Requests of peers by what they ask for and what became of them; one that asks for several things counts for each.',
    registry,
    labels: [
      ['kind', kinds],
      ['result', results],
    ],
  });
  return {
    requestHandled: (request, result) => {
      const { updateSelf, addTunnel, removeTunnel, disconnect, readyForHandshake } = request;
      if (updateSelf !== undefined) requests.count('update_self', result);
      if (addTunnel !== undefined) requests.count('add_tunnel', result);
      if (removeTunnel !== undefined) requests.count('remove_tunnel', result);
      if (disconnect !== undefined) requests.count('disconnect', result);
      if (readyForHandshake.length > 0) requests.count('ready_for_handshake', result);
      if (asksForNothing(request)) requests.count('none', result);
    },
  };
}

function asksForNothing(request: CoordinateRequest): boolean {
  const { updateSelf, addTunnel, removeTunnel, disconnect, readyForHandshake } = request;
  return (updateSelf ?? addTunnel ?? removeTunnel ?? disconnect) === undefined && readyForHandshake.length === 0;
}
