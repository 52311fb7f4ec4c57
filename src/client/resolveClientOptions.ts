import { asyncScheduler, isObservable } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { isUuid, parseUuid } from '../proto/uuid.js';
import type { Uuid } from '../proto/uuid.js';
import type { TailnetClientOptions } from './clientOptions.js';
import { longestTimer, milliseconds } from './milliseconds.js';
import type { ClientRole, Transport, TransportCall } from './transport.js';

/** The options with their defaults. */
export interface ResolvedClientOptions extends TailnetClientOptions {
  readonly call: Omit<TransportCall, 'token' | 'requests$'>;
  readonly transport: Transport;
  readonly scheduler: SchedulerLike;
  readonly random: () => number;
  readonly initialBackoff: number;
  readonly maxBackoff: number;
  readonly goodbyePatience: number;
  readonly lostGrace: number;
  readonly readyForHandshake: boolean | Observable<Iterable<Uuid>>;
}

const roles: readonly string[] = ['peer', 'agent', 'client'] satisfies readonly ClientRole[];

const defaultPath = '/api/v2/coordinate';

/**
 * Checks the options and completes them.
 *
 * @throws TypeError `url is required: one looks like ws://127.0.0.1:7350/api/v2/coordinate`
 * @throws TypeError `url: "…" is no URL of a coordinator: one looks like ws://127.0.0.1:7350/api/v2/coordinate`
 * @throws TypeError `id: "…" is no UUID` (or `agentId: …`)
 * @throws TypeError `token is neither a string nor a function`
 * @throws TypeError `token is empty, or has a space, a line end or what else no token has: trim what a file says`
 * @throws TypeError `role: "…" is none: there are peer, agent and client`
 * @throws TypeError `node$ is no Observable` (or `tunnels$ …`, `goodbye$ …`, `reconnect$ …`)
 * @throws TypeError `readyForHandshake is neither true, false nor an Observable`
 * @throws RangeError `lostGrace: … is no number of milliseconds from 0`
 * @throws RangeError `goodbyePatience: … is no number of milliseconds from 0 to 2147483647` (or `backoff.initial`, `backoff.max`)
 */
export function resolveClientOptions(
  options: TailnetClientOptions,
  createTransport: () => Transport,
): ResolvedClientOptions {
  const { backoff = {}, name } = options;
  const transport = options.transport ?? createTransport();
  const scheduler = options.scheduler ?? asyncScheduler;
  const url = transport.protocols.length === 0 ? undefined : urlOf(options.url, transport);
  const role = roleOf(options.role);
  // What the query of the URL says is for the coordinator to judge.
  const isClient = (role ?? url?.searchParams.get('role')) === 'client';
  const agentId = options.agentId === undefined ? undefined : uuidOf('agentId', options.agentId);
  const { node$, tunnels$ = node$, goodbye$ = node$, reconnect$ = node$ } = options;
  for (const [option, value] of Object.entries({ node$, tunnels$, goodbye$, reconnect$ })) {
    if (!isObservable(value)) throw new TypeError(`${option} is no Observable`);
  }
  const { readyForHandshake = !isClient, token } = options;
  if (token !== undefined && typeof token !== 'function') checkedToken(token);
  // Callers without types may give anything.
  if (typeof readyForHandshake !== 'boolean' && !isObservable(readyForHandshake)) {
    throw new TypeError('readyForHandshake is neither true, false nor an Observable');
  }
  return {
    ...options,
    call: {
      ...(url && { url }),
      id: uuidOf('id', options.id),
      ...(name !== undefined && { name }),
      ...(role !== undefined && { role }),
      ...(agentId !== undefined && { agentId }),
      scheduler,
    },
    transport,
    scheduler,
    random: options.random ?? Math.random,
    initialBackoff: milliseconds('backoff.initial', backoff.initial ?? 500, 0, longestTimer),
    maxBackoff: milliseconds('backoff.max', backoff.max ?? 10_000, 0, longestTimer),
    goodbyePatience: milliseconds('goodbyePatience', options.goodbyePatience ?? 5000, 0, longestTimer),
    lostGrace: milliseconds('lostGrace', options.lostGrace ?? 900_000, 0, Infinity),
    readyForHandshake,
  };
}

function urlOf(given: string | URL | undefined, { protocols, example }: Transport): URL {
  if (given === undefined) throw new TypeError(`url is required: one looks like ${example}`);
  const text = String(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !protocols.includes(url.protocol)) {
    throw new TypeError(
      `url: ${JSON.stringify(withoutSecrets(url, text))} is no URL of a coordinator: one looks like ${example}`,
    );
  }
  if (url.pathname === '/') url.pathname = defaultPath;
  url.hash = '';
  return url;
}

/** Neither a token nor a password is for the text of an error. */
function withoutSecrets(url: URL | undefined, text: string): string {
  return url ? `${url.protocol}//${url.host}${url.pathname}` : text.replace(/\?.*/s, '?…');
}

/**
 * The token, if it can be sent: visible ASCII, as of RFC 6750. Transports would refuse others in words of their own, and
 * some of them quote it, which is not for a log.
 *
 * @throws TypeError as {@link resolveClientOptions}
 */
export function checkedToken(token: unknown): string {
  if (typeof token !== 'string') throw new TypeError('token is neither a string nor a function');
  if (/^[!-~]+$/.test(token)) return token;
  throw new TypeError('token is empty, or has a space, a line end or what else no token has: trim what a file says');
}

/**
 * The UUID in its one form.
 *
 * @param option the name of the option it is of, for the text of the error
 * @throws TypeError `…: "…" is no UUID`
 */
export function uuidOf(option: string, value: unknown): Uuid {
  if (typeof value === 'string' && isUuid(value)) return parseUuid(value);
  throw new TypeError(`${option}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)} is no UUID`);
}

function roleOf(role: string | undefined): ClientRole | undefined {
  if (role === undefined) return undefined;
  if (roles.includes(role)) return role as ClientRole;
  throw new TypeError(`role: ${JSON.stringify(role)} is none: there are peer, agent and client`);
}
