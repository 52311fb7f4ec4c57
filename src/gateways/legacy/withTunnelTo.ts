import { NEVER, concat, of } from 'rxjs';
import type { Coordinator } from '../../api.js';
import { requests } from '../../proto/requests.js';
import type { Uuid } from '../../proto/uuid.js';

/** A coordinator of which everybody who connects first asks for a tunnel to this agent: V1 has no words for it. */
export function withTunnelTo(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  agentId: Uuid,
): Pick<Coordinator, 'coordinate$'> {
  return {
    coordinate$: (peerId, requests$ = NEVER, options = {}) =>
      coordinator.coordinate$(peerId, concat(of(requests.addTunnel(agentId)), requests$), options),
  };
}
