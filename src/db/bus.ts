import type { Observable } from 'rxjs';

/**
 * What a listener hears.
 *
 * - `message`: somebody published this payload.
 * - `gap`: messages may have been missed. The first one says "listening now": what is published from here on is heard.
 */
export type BusEvent = ({ readonly kind: 'message'; readonly payload: string } & Origin) | { readonly kind: 'gap' };

/** What a bus may know of a message beside its payload. */
export interface Origin {
  /**
   * A number for who published it. What has the same one, on whatever channel, comes in the order in which it was
   * published. Undefined where the bus cannot say.
   */
  readonly sender?: number;
  /**
   * Takes out what came along sealed: undefined if no coordinator of the same database has sealed it, together with the
   * payload. Only on `channels.binding`.
   */
  readonly sealed?: () => Uint8Array | undefined;
}

/**
 * Notifications between coordinators. A message is only a hint: it says that something is worth reading again.
 *
 * Messages may be lost, late or doubled. A bus that knows it may have lost some says `gap` once it hears again.
 */
export interface Bus {
  /**
   * Listens on a channel from subscription to unsubscription. Never completes; it deals with broken connections by
   * itself and errors only when it cannot ever listen again. A listener hears its own coordinator's messages, too.
   */
  listen$(channel: string): Observable<BusEvent>;

  /** Publishes payloads on a channel, then completes. At most once each: an error means that some may be lost. */
  publish(channel: string, payloads: readonly string[]): Observable<never>;
}

/** The channels, all but the last named as in a coder/coder database. */
export const channels = {
  /** Payload: the coordinator's id. */
  heartbeat: 'tailnet_coordinator_heartbeat',
  /** Payload: the id of the peer whose binding changed. */
  peer: 'tailnet_peer_update',
  /** Payload: `src,dst` of the tunnel that came or went. */
  tunnel: 'tailnet_tunnel_update',
  /** Payload: `to,from`: `from` is ready for a handshake with `to`. */
  readyForHandshake: 'tailnet_ready_for_handshake',
  /**
   * Ours, and unknown to coder/coder. Payload: of whom rows were just written, and when, with the rows sealed beside it;
   * see `bindingHint.ts`. Just before the hints on `tailnet_peer_update` that say the same, by the same sender: whoever
   * takes the rows in need not read them. What comes with nothing sealed, or by nobody knows whom, is not taken in.
   */
  binding: 'tailnet_coordinator_binding',
} as const;

/**
 * A payload, on any channel, of somebody who cannot say what has changed: whoever hears it does as after a gap. Nobody
 * sends it where the write itself notifies.
 */
export const anything = '*';
