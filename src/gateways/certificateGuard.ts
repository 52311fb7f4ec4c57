import { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Duplex } from 'node:stream';
import { pathOf } from './handshake.js';
import { replyText } from './httpRoutes.js';
import { refuse } from './refusal.js';
import type { Refusal } from './refusal.js';

const refusal: Refusal = { status: 403, reason: 'a client certificate is required, signed by an authority known here' };

/**
 * Sends away requests without a good client certificate, but for plain ones to some paths: a load balancer that asks for
 * health has no certificate, and for it to have a server that asks for none it would need a second port.
 */
export class CertificateGuard {
  readonly #openPaths: ReadonlySet<string>;

  constructor(openPaths: readonly string[]) {
    this.#openPaths = new Set(openPaths);
  }

  /** Answers an event of a server itself, if it is a request that may not pass. */
  stops(event: string, [request, answer]: readonly unknown[]): boolean {
    if ((event !== 'request' && event !== 'upgrade') || !(request instanceof IncomingMessage)) return false;
    if (request.socket instanceof TLSSocket && request.socket.authorized) return false;
    if (event === 'request' && this.#openPaths.has(pathOf(request))) return false;
    if (isResponse(answer)) replyText(answer, refusal.status, refusal.reason);
    else if (answer instanceof Duplex) refuse(answer, refusal);
    return true;
  }
}

function isResponse(value: unknown): value is ServerResponse {
  return value instanceof ServerResponse;
}
