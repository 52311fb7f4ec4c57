import { Subject, type Subscription } from 'rxjs';
import { type CoordinateRequest, type Coordinator, type Node, peerIdOf, requests } from 'tailnet-coordinator';
import { peerUpdateKindName } from 'tailnet-coordinator/proto';
import type { ScriptedEvent } from './event.js';
import { nodeFromJson, nodeToJson } from './nodeJson.js';
import type { Op } from './op.js';

interface Connected {
  readonly requests$: Subject<CoordinateRequest>;
  subscription: Subscription | undefined;
}

/** The peers of a scripted coordinator: does what the script says, and says what happens to them. */
export interface ScriptedPeers {
  /** @throws Error that says why it cannot be done */
  perform(op: Exclude<Op, { readonly op: 'quit' }>): void;
}

/** @param brief say `preferred_derp` instead of whole nodes */
export const scriptedPeers = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  say: (event: ScriptedEvent) => void,
  brief: boolean,
): ScriptedPeers => {
  const connected = new Map<string, Connected>();

  const shown = (node: Node | undefined): ScriptedEvent => {
    if (node === undefined) return {};
    return brief ? { preferred_derp: node.preferredDerp } : { node: nodeToJson(node) };
  };

  const connect = (id: string): void => {
    const peer: Connected = { requests$: new Subject(), subscription: undefined };
    const responses$ = coordinator.coordinate$(id, peer.requests$);
    const older = connected.get(id);
    connected.set(id, peer);
    peer.subscription = responses$.subscribe({
      next: ({ peerUpdates, error }) => {
        if (error !== '') say({ ev: 'error', id, error });
        for (const update of peerUpdates) {
          const { kind, reason, node } = update;
          say({ ev: 'update', id, peer: peerIdOf(update), kind: peerUpdateKindName(kind), reason, ...shown(node) });
        }
      },
      complete: () => {
        if (connected.get(id) === peer) connected.delete(id);
        say({ ev: 'closed', id });
      },
    });
    // The coordinator has ended it by now: the newest connection of a peer is the one that counts.
    older?.requests$.complete();
  };

  const peerOf = (id: string): Connected => {
    const peer = connected.get(id);
    if (peer === undefined) throw new Error('not connected');
    return peer;
  };

  const send = (id: string, request: CoordinateRequest): void => {
    peerOf(id).requests$.next(request);
  };

  return {
    perform: (op) => {
      switch (op.op) {
        case 'connect':
          connect(op.id);
          break;
        case 'update':
          send(op.id, requests.updateSelf(nodeFromJson(op.node)));
          break;
        case 'tunnel':
          send(op.id, requests.addTunnel(op.dst));
          break;
        case 'untunnel':
          send(op.id, requests.removeTunnel(op.dst));
          break;
        case 'rfh':
          send(op.id, requests.readyForHandshake(op.dst));
          break;
        case 'close':
          send(op.id, requests.disconnect());
          break;
        case 'drop':
          peerOf(op.id).subscription?.unsubscribe();
          connected.delete(op.id);
          say({ ev: 'closed', id: op.id });
          break;
      }
    },
  };
};
