import { Socket } from 'node:net';

/** Bytes over all watched sockets, those that are closed by now included. */
export interface SocketBytes {
  readonly read: number;
  readonly written: number;
}

/**
 * Watches the sockets that this process opens to a PostgreSQL server from now on: those opened before, by the benchmark
 * itself, do not count. Node counts per socket; only the sockets must be known.
 *
 * @param port of the server, over TCP or in the name of its socket
 */
export const watchSockets = (port: number): (() => SocketBytes) => {
  const sockets = new Set<Socket>();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket as `this`, below
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    if (isTo(port, args.flat()[0])) sockets.add(this);
    return Reflect.apply(connect, this, args) as Socket;
  };
  return () => {
    let read = 0;
    let written = 0;
    for (const socket of sockets) {
      read += socket.bytesRead;
      written += socket.bytesWritten;
    }
    return { read, written };
  };
};

const isTo = (port: number, target: unknown): boolean => {
  if (typeof target === 'object' && target !== null) {
    return 'path' in target ? isTo(port, target.path) : 'port' in target && Number(target.port) === port;
  }
  return typeof target === 'string' && target.endsWith(`.s.PGSQL.${port}`) ? true : Number(target) === port;
};
