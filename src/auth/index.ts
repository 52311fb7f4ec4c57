export { agentAuth } from './agentAuth.js';
export { AuthorizationError } from './auth.js';
export type { Auth } from './auth.js';
export { clientAuth } from './clientAuth.js';
export { observerAuth } from './observerAuth.js';
export { peerAuth } from './peerAuth.js';
