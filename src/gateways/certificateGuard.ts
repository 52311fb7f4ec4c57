import { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Duplex } from 'node:stream';
import { certificateProblem, certificateRefusal as refusal, certificateRejected } from './certificateRefusal.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { pathOf } from './handshake.js';
import { replyText } from './httpRoutes.js';
import { refuse } from './refusal.js';

/**
 * Sends away requests without a good client certificate, but for plain ones to some paths: a load balancer that asks for
 * health has no certificate, and for it to have a server that asks for none it would need a second port.
 */
export class CertificateGuard {
  readonly #openPaths: ReadonlySet<string>;
  readonly #onRejected: (event: GatewayEvent) => void;

  constructor(openPaths: readonly string[], onRejected: (event: GatewayEvent) => void) {
    this.#openPaths = new Set(openPaths);
    this.#onRejected = onRejected;
  }

  /** Answers an event of a server itself, if it is a request that may not pass. */
  stops(event: string, [request, answer]: readonly unknown[]): boolean {
    if ((event !== 'request' && event !== 'upgrade') || !(request instanceof IncomingMessage)) return false;
    const { socket } = request;
    if (socket instanceof TLSSocket && socket.authorized) return false;
    if (event === 'request' && this.#openPaths.has(pathOf(request))) return false;
    const problem = socket instanceof TLSSocket ? certificateProblem(socket) : 'no TLS';
    this.#onRejected(certificateRejected(problem, socket.remoteAddress));
    if (isResponse(answer)) replyText(answer, refusal.status, refusal.reason);
    else if (answer instanceof Duplex) refuse(answer, refusal);
    return true;
  }
}

function isResponse(value: unknown): value is ServerResponse {
  return value instanceof ServerResponse;
}
