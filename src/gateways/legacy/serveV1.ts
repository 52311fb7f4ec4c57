import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asyncScheduler, defer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { agentAuth } from '../../auth/agentAuth.js';
import { clientAuth } from '../../auth/clientAuth.js';
import type { Coordinator } from '../../api.js';
import { parseUuid } from '../../proto/uuid.js';
import type { Uuid } from '../../proto/uuid.js';
import type { GatewayEvent } from '../gatewayEvent.js';
import { defaultGatewayLimits, mergeLimits } from '../gatewayLimits.js';
import type { GatewayLimits } from '../gatewayLimits.js';
import type { Identity } from '../identity.js';
import { SendingTurns } from '../sendingTurns.js';
import { StreamWire } from './streamWire.js';
import { v1Connection } from './v1Connection.js';
import { defaultV1WireLimits } from './v1WireLimits.js';
import type { V1WireLimits } from './v1WireLimits.js';

/** What one peer that speaks V1 may cost. Times are milliseconds. */
export interface V1Limits extends Pick<
  GatewayLimits,
  'requestsPerSecond' | 'requestBurst' | 'bytesPerSecond' | 'byteBurst' | 'closeTimeout'
> {
  /** Bytes in one object. A larger one ends the connection. Default 65536. */
  readonly maxMessageSize: number;
  /** How long one write may take. Who does not read for longer is cut off. Default 5000. */
  readonly writeTimeout: number;
}

/** The limits of a peer that speaks V1, where nothing else is given. */
export const defaultV1Limits: V1Limits = {
  ...defaultV1WireLimits,
  requestsPerSecond: defaultGatewayLimits.requestsPerSecond,
  requestBurst: defaultGatewayLimits.requestBurst,
  bytesPerSecond: defaultGatewayLimits.bytesPerSecond,
  byteBurst: defaultGatewayLimits.byteBurst,
  closeTimeout: defaultGatewayLimits.closeTimeout,
};

/** Who is served, and what they may cost. */
export interface V1Options {
  /** Who is at the other end of the stream. Whoever serves the stream has found that out. */
  readonly id: Uuid;
  /** For logs. Default: the id. */
  readonly name?: string;
  /** For events. Default: that of a socket, empty for other streams. */
  readonly remoteAddress?: string;
  /** What differs from {@link defaultV1Limits}. */
  readonly limits?: Partial<V1Limits>;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Serves one agent that speaks V1 over a stream of bytes, such as a socket: the nodes that it sends, JSON objects one after
 * the other, become its own; the nodes of those who have a tunnel to it are sent as arrays. `agentAuth` holds it to its
 * own addresses.
 *
 * Subscribing serves. Emits `opened` and `closed`, and completes when the stream is over: whichever way it ends, the agent
 * is lost, for V1 knows no goodbye. Unsubscribing ends the stream, and destroys it if the other end does not end it within
 * `closeTimeout`. Never errors.
 *
 * @throws TypeError `not a UUID: "…"`, RangeError `writeTimeout must be a number above 0, got 0`, both at once
 */
export function serveAgentV1(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  stream: Duplex,
  options: V1Options,
): Observable<GatewayEvent> {
  const id = parseUuid(options.id);
  return serveV1(coordinator, stream, { ...options, id }, { role: 'agent', auth: agentAuth(id) });
}

/**
 * Serves one client that speaks V1, as {@link serveAgentV1} serves agents. It is given a tunnel to its agent at once, and
 * may have no other; `clientAuth` holds it to that.
 *
 * @throws TypeError `not a UUID: "…"`, RangeError `writeTimeout must be a number above 0, got 0`, both at once
 */
export function serveClientV1(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  stream: Duplex,
  options: V1Options & { readonly agentId: Uuid },
): Observable<GatewayEvent> {
  const id = parseUuid(options.id);
  const agentId = parseUuid(options.agentId);
  return serveV1(coordinator, stream, { ...options, id }, { role: 'client', agentId, auth: clientAuth(agentId) });
}

function serveV1(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  stream: Duplex,
  { id, name = id, remoteAddress, scheduler = asyncScheduler, ...options }: V1Options,
  who: Omit<Identity, 'id' | 'name'>,
): Observable<GatewayEvent> {
  const { maxMessageSize, writeTimeout, ...given } = mergeLimits(defaultV1Limits, options.limits);
  const wireLimits: V1WireLimits = { maxMessageSize, writeTimeout };
  const limits = { ...defaultGatewayLimits, ...given };
  return defer(() =>
    v1Connection(
      { coordinator, limits, scheduler, turns: new SendingTurns(scheduler) },
      {
        identity: { id, name, ...who },
        remoteAddress: remoteAddress ?? (stream instanceof Socket ? (stream.remoteAddress ?? '') : ''),
        wireLimits,
        open: (listener) => new StreamWire(stream, limits, scheduler, listener),
      },
    ),
  );
}
