import type { SecureContextOptions, Server, TlsOptions as ServerOptions } from 'node:tls';
import { isObservable, Observable, of } from 'rxjs';

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
 * then on, but for `requireClientCertificate`. One that is no good is an error.
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
 * @throws TypeError `requireClientCertificate needs a ca: …`, as an error of the stream; so are those of `node:tls`
 */
export function serveTls<TlsServer extends Server, Served>(
  source: TlsSource,
  create: (options: ServerOptions, tls: TlsOptions) => TlsServer,
  serve: (server: TlsServer) => Observable<Served>,
): Observable<Served> {
  return new Observable((subscriber) => {
    let server: TlsServer | undefined;
    const use = (tls: TlsOptions): void => {
      if (server) {
        server.setSecureContext(contextOf(tls));
        return;
      }
      const rejectUnauthorized = requiresCertificate(tls);
      server = create({ ...contextOf(tls), requestCert: tls.ca !== undefined, rejectUnauthorized }, tls);
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

function contextOf({ key, cert, ca }: TlsOptions): SecureContextOptions {
  return { key, cert, ...(ca !== undefined && { ca }) };
}
