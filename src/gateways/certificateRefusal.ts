import { Socket } from 'node:net';
import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Observable } from 'rxjs';
import type { GatewayEvent } from './gatewayEvent.js';
import type { Refusal } from './refusal.js';

/** What somebody is told who has shown no good client certificate where one is required. */
export const certificateRefusal: Refusal = {
  status: 403,
  reason: 'a client certificate is required, signed by an authority known here',
};

/** The event that says so, and in brackets what was wrong: `none was shown`, or a code of Node.js, as `CERT_HAS_EXPIRED`. */
export function certificateRejected(problem: string, remoteAddress = 'unknown'): GatewayEvent {
  const { status, reason } = certificateRefusal;
  return { kind: 'rejected', status, reason: `${reason} (${problem})`, remoteAddress };
}

/** What is wrong with the certificate that came over a socket. */
export function certificateProblem(socket: TLSSocket): string {
  const isShown = Object.keys(socket.getPeerCertificate()).length > 0;
  // Typed as an error, it is the code of one.
  return isShown ? String(socket.authorizationError) : noneShown;
}

const noneShown = 'none was shown';

/**
 * Those whom a TLS server sends away by itself, with an alert or without, until it closes. Whoever breaks off, or speaks no
 * TLS, is none of them.
 */
export function certificateRejected$(server: Server): Observable<GatewayEvent> {
  return new Observable((subscriber) => {
    const note = ({ code }: NodeJS.ErrnoException, socket: TLSSocket): void => {
      // Typed as an error that is always there.
      const problem: unknown =
        code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' ? noneShown : socket.authorizationError;
      if (typeof problem === 'string') subscriber.next(certificateRejected(problem, addressBelow(socket)));
    };
    const complete = (): void => {
      subscriber.complete();
    };
    server.on('tlsClientError', note).on('close', complete);
    return () => {
      server.off('tlsClientError', note).off('close', complete);
    };
  });
}

/** A TLS socket that is destroyed does not know any more where it led to, but the one below still does, if it was asked. */
function addressBelow(socket: TLSSocket): string | undefined {
  const below: unknown = Reflect.get(socket, '_parent');
  return below instanceof Socket ? below.remoteAddress : socket.remoteAddress;
}
