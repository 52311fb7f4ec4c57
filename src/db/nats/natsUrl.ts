/** Where NATS is, as a URL says it. */
export interface NatsAddress {
  /** `host:port` each. */
  readonly servers: readonly string[];
  /** What all subjects begin with. */
  readonly prefix: string;
  /** Whether a connection without TLS is refused. */
  readonly isEncrypted: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

const defaultPrefix = 'tailnet';

const wanted = 'it looks like nats://host:4222, or tls://user:password@one:4222,two:4222/prefix';

/**
 * Reads `nats://…` or `tls://…`: servers with commas between, before them a user and a password, or a token alone, and
 * behind them a prefix of subjects (`tailnet` by default), in which `.` may stand between words.
 *
 * @throws TypeError `bus: not a URL of NATS: …`, which does not repeat it: it may hold a password
 */
export function parseNatsUrl(text: string): NatsAddress {
  // The class URL knows one host only.
  const [, scheme, credentials, hosts = '', path = ''] =
    /^(nats|tls):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/i.exec(text) ?? [];
  if (scheme === undefined) throw new TypeError(`bus: not a URL of NATS: ${wanted}`);
  const servers = hosts.split(',').map(serverOf);
  const prefix = path === '' ? defaultPrefix : path;
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix)) {
    throw new TypeError('bus: not a URL of NATS: its path is a prefix of subjects, words with dots between');
  }
  const isEncrypted = scheme.toLowerCase() === 'tls';
  return { servers, prefix, isEncrypted, ...credentialsOf(credentials) };
}

function serverOf(host: string): string {
  if (host === '' || !URL.canParse(`nats://${host}`)) throw new TypeError(`bus: not a URL of NATS: ${wanted}`);
  const { hostname, port } = new URL(`nats://${host}`);
  return `${hostname}:${port === '' ? '4222' : port}`;
}

function credentialsOf(text: string | undefined): Pick<NatsAddress, 'user' | 'password' | 'token'> {
  if (text === undefined) return {};
  const [first = '', ...rest] = text.split(':').map(decode);
  return rest.length === 0 ? { token: first } : { user: first, password: rest.join(':') };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError('bus: not a URL of NATS: its credentials are not percent-encoded as they should be');
  }
}

/** Where a URL leads, without credentials: fit for logs. */
export function describeNats({ servers, prefix, isEncrypted }: NatsAddress): string {
  return `${isEncrypted ? 'tls' : 'nats'}://${servers.join(',')}/${prefix}`;
}
