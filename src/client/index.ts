/**
 * The client side: a peer that stays connected to a coordinator and knows the peers that it shares tunnels with. Start
 * with {@link tailnetClient$}. Bundlers for browsers take `browser.ts` in place of this.
 *
 * @packageDocumentation
 */
import type { Observable } from 'rxjs';
import { clientStates$ } from './clientStates.js';
import type { TailnetClientOptions } from './clientOptions.js';
import { resolveClientOptions } from './resolveClientOptions.js';
import type { TailnetState } from './tailnetState.js';
import { webSocketTransport } from './webSocketTransport.js';

export * from './exports.js';
export { webSocketTransport };

/**
 * Connects a peer to a coordinator for as long as it is subscribed to, over one connection after the other, and emits
 * what it knows: first that it connects, then after everything that happens. Cold: each subscription is a client of its
 * own, so share it. Unsubscribing breaks the connection: for others the peer is lost, and its tunnels stay. After
 * `goodbye$` it leaves for good, and completes.
 *
 * When a connection is lost, for whatever reason, all peers are marked `lost`, and the client connects again, with
 * back-off. Then it says everything again, its node and all tunnels, and the coordinator names every peer that is there.
 * One that it does not name may have left, or have lost its connection as well: nobody says which. It stays `lost`, and is
 * dropped (`expired`) when that has lasted for `lostGrace`.
 *
 * Errors with a `TailnetClientError` when the coordinator will never take this peer as it is; the state before has the
 * connection `closed`. Errors, too, when `node$`, `tunnels$` or another input does. Nothing else ends it.
 *
 * Values are handed over as they come, one after the other; a slow subscriber holds up the client and nothing else.
 *
 * @throws TypeError `url is required: one looks like …`, `url: "…" is no URL of a coordinator: one looks like …`
 * @throws TypeError `id: "…" is no UUID` (or `agentId: …`), `role: "…" is none: there are peer, agent and client`
 * @throws TypeError `token is neither a string nor a function`, `token is empty, or has a space, a line end or …`
 * @throws TypeError `node$ is no Observable` (or `tunnels$ …`, `goodbye$ …`, `reconnect$ …`)
 * @throws TypeError `readyForHandshake is neither true, false nor an Observable`
 * @throws RangeError `lostGrace: … is no number of milliseconds from 0` (or `goodbyePatience`, `backoff.initial`, …)
 */
export const tailnetClient$ = (options: TailnetClientOptions): Observable<TailnetState> =>
  clientStates$(resolveClientOptions(options, webSocketTransport));
