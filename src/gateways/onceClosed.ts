import type { Socket } from 'node:net';

/** What is to be done when a socket closes. One listener for all: a stranger may send many requests over one. */
const duties = new WeakMap<Socket, Set<() => void>>();

/** Does this when the socket closes, or at once if it has; until the returned function is called. */
export function onceClosed(socket: Socket, work: () => void): () => void {
  if (socket.destroyed) {
    work();
    return () => undefined;
  }
  const known = duties.get(socket);
  const all = known ?? new Set<() => void>();
  all.add(work);
  if (!known) {
    duties.set(socket, all);
    socket.once('close', () => {
      for (const each of all) each();
      all.clear();
    });
  }
  return () => {
    all.delete(work);
  };
}
