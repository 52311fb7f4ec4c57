import { Socket } from 'node:net';

/** Bytes over all sockets to one port, those that are closed by now included. */
export interface SocketBytes {
  readonly read: number;
  readonly written: number;
}

/** Starts to watch the sockets that this process opens to a port. Node counts per socket; only the sockets must be known. */
export const watchSockets = (port: number): (() => SocketBytes) => {
  const sockets = new Set<Socket>();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket as `this`, below
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [first] = args.flat();
    const target = typeof first === 'object' && first !== null && 'port' in first ? first.port : first;
    if (Number(target) === port) sockets.add(this);
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
