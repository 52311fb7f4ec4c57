import { Subject } from 'rxjs';
import type { CoordinateOptions, Coordinator } from '../../src/api.js';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, describeUpdates, nameOf } from '../../src/testing/index.js';

/**
 * A peer in virtual time: it connects at once and notes what it is told, in words. `heard$` is for marbles, with `end`
 * for the end; `heard` for the rest.
 */
export const virtualPeer = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  id: Uuid,
  options: CoordinateOptions = {},
) => {
  const requests$ = new Subject<CoordinateRequest>();
  const heard: string[] = [];
  const heard$ = new Subject<string>();
  const hear = (what: string) => {
    heard.push(what);
    heard$.next(what);
  };
  const connection = coordinator.coordinate$(id, requests$, { name: nameOf(id), ...options }).subscribe({
    next: (response) => hear(describeUpdates(response).join(', ')),
    complete: () => hear('end'),
    error: (error: unknown) => hear(`failed: ${String(error)}`),
  });
  const send = (request: CoordinateRequest) => requests$.next(request);
  return {
    id,
    heard,
    heard$,
    send,
    derp: (derp: number) => send(requests.updateSelf(aNode({ derp, of: id }))),
    tunnel: (...others: readonly Uuid[]) => others.forEach((other) => send(requests.addTunnel(other))),
    removeTunnel: (other: Uuid) => send(requests.removeTunnel(other)),
    ready: (...others: readonly Uuid[]) => send(requests.readyForHandshake(...others)),
    goodbye: () => send(requests.disconnect()),
    endRequests: () => requests$.complete(),
    drop: () => connection.unsubscribe(),
  };
};
