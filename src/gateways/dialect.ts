import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import type { GatewayEvent } from './gatewayEvent.js';
import type { Identity } from './identity.js';
import type { Surroundings } from './peerConnection.js';
import type { PingWheel } from './pingWheel.js';

/** A WebSocket whose handshake has just ended, and who is at its other end. */
export interface UpgradedPeer {
  readonly request: IncomingMessage;
  readonly webSocket: WebSocket;
  /** What carries it. */
  readonly socket: Duplex;
  readonly identity: Identity;
  readonly remoteAddress: string;
}

/** How the peers speak who connect to one path of a WebSocket gateway. All else is the same for all paths. */
export interface Dialect {
  /** For who asks for the path in any other way: what it takes, besides an upgrade. */
  readonly usage: string;
  /** Why a handshake with this `Sec-WebSocket-Protocol` will not do; undefined if it will. */
  readonly problemWith: (subprotocols: string | undefined) => string | undefined;
  /** Throws if nobody with such an identity can be served: a defect of `identify`. */
  readonly checkIdentity: (identity: Identity) => void;
  /** What comes of a peer that was let in. */
  readonly connection: (
    surroundings: Surroundings & { readonly wheel: PingWheel },
    upgraded: UpgradedPeer,
  ) => Observable<GatewayEvent>;
}
