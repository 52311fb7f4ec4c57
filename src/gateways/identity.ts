import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import type { Identity } from '../auth/identity.js';

export { IdentityError } from '../auth/identity.js';
export type { Identity, Role } from '../auth/identity.js';

/**
 * Finds out who wants to connect, before the connection is upgraded. To turn them away, throw an
 * {@link IdentityError}, or return an Observable that fails with one. Only the first value counts. Any other error is
 * a defect: they get a 500, and the event `rejected` carries it.
 */
export type Identify = (request: IncomingMessage) => Identity | Observable<Identity>;
