import type { AgentEvent } from '../agent/agentEvent.js';
import type { CoordinatorName, Host } from './topology.js';
import type { Echoes } from './pings.js';

/** Something that happens in the demo. */
export type Fact =
  /** The next part of the story begins. */
  | { readonly kind: 'step'; readonly text: string }
  /** Something that had to hold holds. */
  | { readonly kind: 'holds'; readonly text: string }
  | { readonly kind: 'coordinator'; readonly name: CoordinatorName; readonly state: 'live' | 'killed' }
  /** Where a host is in the network below the mesh. */
  | { readonly kind: 'address'; readonly host: Host['name']; readonly address: string }
  /** What an agent says. */
  | { readonly kind: 'agent'; readonly host: Host['name']; readonly said: AgentEvent }
  /** An agent is not there any more: it said goodbye, or was killed. */
  | { readonly kind: 'ended'; readonly host: Host['name']; readonly how: 'left' | 'killed' }
  | { readonly kind: 'echoes'; readonly from: Host['name']; readonly to: Host['name']; readonly echoes: Echoes }
  /** Nobody pings there any more. */
  | { readonly kind: 'quiet'; readonly from: Host['name']; readonly to: Host['name'] };
