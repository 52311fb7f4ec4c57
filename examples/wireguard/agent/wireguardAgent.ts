import {
  Subject,
  asyncScheduler,
  concat,
  concatMap,
  connect,
  distinctUntilChanged,
  endWith,
  ignoreElements,
  map,
  merge,
  of,
  share,
  shareReplay,
  skip,
  switchMap,
  takeUntil,
  takeWhile,
  tap,
} from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { tailnetClient$, webSocketTransport } from 'tailnet-coordinator/client';
import type { ConnectionState, PeerChange, Transport } from 'tailnet-coordinator/client';
import type { AgentEvent } from './agentEvent.js';
import { agentNode } from './agentNode.js';
import { failOver } from './failOver.js';
import { meshAddress } from './meshAddress.js';
import { programPeers } from './programPeers.js';
import { wgArguments } from './wgArguments.js';
import { createKeys, fromNodeKey } from './wireguardKeys.js';
import type { InterfaceOptions, WireGuardInterface } from './wireguardInterface.js';

/** What an agent is and does. */
export interface AgentOptions {
  /** The agent's UUID. */
  readonly id: string;
  /** The coordinators, `ws://…` or `wss://…`: at least one. */
  readonly urls: readonly URL[];
  /** Proves to them who this is. Default: nothing does. */
  readonly token?: string;
  /** The peers to have tunnels to. */
  readonly tunnels: readonly string[];
  /** The home relay region that is published. */
  readonly derp: number;
  /** The WireGuard interface to make: a name, and the UDP port to listen at. */
  readonly interface: Pick<InterfaceOptions, 'name' | 'port'>;
  /** Makes the interface. */
  readonly makeInterface: (options: InterfaceOptions) => Observable<WireGuardInterface>;
  /** Where WireGuard can be reached, now and whenever that changes. */
  readonly endpoints$: Observable<readonly string[]>;
  /** Leaves for good when it emits. */
  readonly goodbye$: Observable<unknown>;
  /** What carries the connections. Default `webSocketTransport()`. */
  readonly transport?: Transport;
  /** Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Gives this machine a place in the mesh for as long as it is subscribed to: makes keys and an interface, says to a
 * coordinator how it is reached, and keeps the peers of the interface as the coordinator tells. Emits what it does.
 *
 * Completes after a goodbye. Unsubscribing is no goodbye: others count the agent as lost. Errors when the interface
 * fails, or when the coordinators refuse this peer.
 */
export const wireguardAgent = (options: AgentOptions): Observable<AgentEvent> => {
  const { id, makeInterface } = options;
  const { privateKey, publicKey } = createKeys();
  const address = meshAddress(id);
  return makeInterface({ ...options.interface, address, privateKey }).pipe(
    switchMap((wireguard) =>
      concat(
        of<AgentEvent>({ event: 'up', interface: options.interface.name, address, publicKey }),
        withInterface(options, publicKey, wireguard),
        // The interface would stay for ever.
        of('over' as const),
      ),
    ),
    takeWhile((event) => event !== 'over'),
  );
};

const withInterface = (
  options: AgentOptions,
  publicKey: string,
  wireguard: WireGuardInterface,
): Observable<AgentEvent> => {
  const {
    id,
    urls,
    token,
    tunnels,
    derp,
    goodbye$,
    transport = webSocketTransport(),
    scheduler = asyncScheduler,
  } = options;
  const discoKey = createKeys().publicKey;
  const endpoints$ = options.endpoints$.pipe(shareReplay({ bufferSize: 1, refCount: true }));
  const programmed$ = new Subject<readonly string[]>();
  const programmer = { own: { id, publicKey }, dialled: new Set(tunnels) };
  // It is asked for each peer on its own, and all may be lost at once.
  const looks$ = wireguard.peers$.pipe(share());
  let url: URL | undefined;

  const states$ = tailnetClient$({
    id,
    ...(token === undefined ? {} : { token }),
    transport: failOver(urls, transport, (tried) => (url = tried)),
    node$: endpoints$.pipe(
      map((endpoints) => agentNode({ id, publicKey, discoKey, derp, endpoints, now: scheduler.now() })),
    ),
    tunnels$: of(tunnels),
    // A connection from an address that has gone would break only after a long silence.
    reconnect$: endpoints$.pipe(skip(1)),
    // Others may begin their handshakes when their keys are in the interface, and not before.
    readyForHandshake: programmed$,
    // A lost peer is kept for 15 minutes after this.
    lastHandshake: ({ node }) =>
      looks$.pipe(map((present) => present.find((peer) => peer.publicKey === fromNodeKey(node.key))?.latestHandshake)),
    goodbye$,
    scheduler,
  });

  return states$.pipe(
    connect((shared$) =>
      merge(
        endpoints$.pipe(map((endpoints): AgentEvent => ({ event: 'endpoints', endpoints }))),
        shared$.pipe(
          map(({ connection }) => connection),
          distinctUntilChanged(),
          map((connection) => connectionEvent(connection, url)),
        ),
        shared$.pipe(concatMap(({ changes }) => changes.map(peerEvent))),
        programPeers(shared$.pipe(map(({ peers }) => peers)), wireguard, programmer, scheduler).pipe(
          tap(({ takenUp }) => programmed$.next(takenUp)),
          concatMap(({ changes }): AgentEvent[] =>
            changes.length === 0 ? [] : [{ event: 'wg', words: wgArguments(options.interface.name, changes) }],
          ),
        ),
      ).pipe(takeUntil(shared$.pipe(ignoreElements(), endWith(undefined)))),
    ),
  );
};

const connectionEvent = (connection: ConnectionState, url: URL | undefined): AgentEvent => ({
  event: 'connection',
  state: connection.kind,
  url: url?.href ?? '',
  ...('reason' in connection ? { reason: connection.reason } : {}),
});

const peerEvent = ({ kind, id, reason }: PeerChange): AgentEvent => ({ event: 'peer', peer: id, kind, reason });
