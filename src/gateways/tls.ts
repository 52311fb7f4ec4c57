import { constants } from 'node:crypto';
import type { SecureContextOptions, Server, TlsOptions as ServerOptions } from 'node:tls';
import { isObservable, Observable, of } from 'rxjs';
import { tlsProblem } from './tlsProblem.js';

/** The certificate of a server, and what it asks of its clients. All of it is PEM. */
export interface TlsOptions {
  /** The private key. */
  readonly key: string | Buffer;
  /** The certificate, followed by those between it and an authority that clients know. */
  readonly cert: string | Buffer;
  /** Authorities (CAs) whose certificates clients may show. Default: clients are not asked for any. */
  readonly ca?: string | Buffer;
  /** Whether a client without a good one is sent away; needs a `ca`. Default: true if there is one. */
  readonly requireClientCertificate?: boolean;
}

/**
 * Certificates as they are, or as they become. The first is waited for; each later one counts for connections made from
 * then on. One that is no good is an error; so is one that asks of clients what the first did not, or no more what it did.
 */
export type TlsSource = TlsOptions | Observable<TlsOptions>;

/** Whether clients without a good certificate are sent away. */
export function requiresCertificate({ ca, requireClientCertificate = ca !== undefined }: TlsOptions): boolean {
  if (requireClientCertificate && ca === undefined) {
    throw new TypeError('requireClientCertificate needs a ca: whose certificates are good?');
  }
  return requireClientCertificate;
}

/**
 * Serves with a server for these certificates, and gives it each that follows.
 *
 * @param create makes the server, with what it must know of the certificates
 * @param serve all that becomes of it
 * As errors of the stream:
 *
 * @throws TypeError `key holds no private key in PEM: …`, `key holds a private key with a passphrase: give one without`,
 * `cert holds no certificate in PEM`, `cert cannot be used for TLS: …`,
 * `cert is not the certificate of the key`, `ca holds no certificate in PEM`
 * @throws TypeError `requireClientCertificate needs a ca: …`
 * @throws TypeError `what is asked of clients cannot change while they are served: …`
 */
export function serveTls<TlsServer extends Server, Served>(
  source: TlsSource,
  create: (options: ServerOptions, tls: TlsOptions) => TlsServer,
  serve: (server: TlsServer) => Observable<Served>,
): Observable<Served> {
  return new Observable((subscriber) => {
    let server: TlsServer | undefined;
    let asked: ReturnType<typeof askedOfClients> | undefined;
    const use = (tls: TlsOptions): void => {
      const problem = tlsProblem(tls);
      if (problem) throw new TypeError(`${problem.part} ${problem.reason}`);
      const asks = askedOfClients(tls);
      if (server) {
        if (asks.requestCert !== asked?.requestCert || asks.rejectUnauthorized !== asked.rejectUnauthorized) {
          throw new TypeError(
            'what is asked of clients cannot change while they are served: ca, requireClientCertificate',
          );
        }
        server.setSecureContext(contextOf(tls));
        return;
      }
      asked = asks;
      server = create({ ...contextOf(tls), ...asks }, tls);
      subscriber.add(serve(server).subscribe(subscriber));
    };
    subscriber.add(
      (isObservable(source) ? source : of(source)).subscribe({
        next: (tls) => {
          try {
            use(tls);
          } catch (error) {
            subscriber.error(error);
          }
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
      }),
    );
  });
}

function askedOfClients(tls: TlsOptions): { readonly requestCert: boolean; readonly rejectUnauthorized: boolean } {
  return { requestCert: tls.ca !== undefined, rejectUnauthorized: requiresCertificate(tls) };
}

/**
 * A client that resumes a session shows no certificate again: one that has expired since, or whose authority is not known
 * any more, would go on being good. So where clients are asked for certificates no session can be resumed: there are no
 * tickets, and Node.js keeps no sessions unless somebody listens for them.
 */
function contextOf({ key, cert, ca }: TlsOptions): SecureContextOptions {
  return { key, cert, ...(ca !== undefined && { ca, secureOptions: constants.SSL_OP_NO_TICKET }) };
}
