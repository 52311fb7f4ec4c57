import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * - `pass`: everything arrives.
 * - `swallow`: nothing arrives, in either direction, and nobody is told, as behind a broken network path. What was sent
 *   meanwhile arrives when the path is back, as TCP would see to it.
 * - `cut`: connections are reset, and so is every new one.
 * - `{ delay }`: everything arrives so many milliseconds late.
 */
export type ProxyMode = 'pass' | 'swallow' | 'cut' | { readonly delay: number };

/** A network path to a TCP server, to be mistreated. */
export interface TcpProxy extends AsyncDisposable {
  /** The URL by this way. */
  readonly url: string;
  /** What becomes of everything from now on. */
  set(mode: ProxyMode): void;
  /**
   * What becomes of those connections that are open now, and chosen by the first that their clients sent: PostgreSQL's
   * `application_name` stands there, readable.
   */
  setOpen(mode: ProxyMode, chosen: (greeting: string) => boolean): void;
}

/** Leads to where a URL leads, which must name a port. */
export const tcpProxy = async (url: string): Promise<TcpProxy> => {
  const target = { host: new URL(url).hostname, port: Number(new URL(url).port), allowHalfOpen: true };
  let mode: ProxyMode = 'pass';
  const paths = new Set<Path>();
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    // A client that goes before it has said anything.
    client.on('error', () => client.destroy());
    client.once('data', (first) => {
      client.pause();
      const path = new Path(client, connect(target), first);
      paths.add(path);
      client.on('close', () => paths.delete(path));
      path.become(mode);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const detour = new URL(url);
  detour.hostname = '127.0.0.1';
  detour.port = String((server.address() as AddressInfo).port);

  return {
    url: detour.href,
    set: (next) => {
      mode = next;
      for (const path of paths) path.become(next);
    },
    setOpen: (next, chosen) => {
      for (const path of paths) if (chosen(path.greeting)) path.become(next);
    },
    [Symbol.asyncDispose]: async () => {
      mode = 'cut';
      for (const path of paths) path.become(mode);
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

/** One connection: both its halves. */
class Path {
  readonly greeting: string;
  readonly #ends: readonly [Socket, Socket];
  #held: Buffer | undefined;
  #delay = 0;

  constructor(client: Socket, server: Socket, first: Buffer) {
    this.greeting = first.toString('latin1');
    this.#ends = [client, server];
    this.#held = first;
    server.pause();
    this.#join(client, server);
    this.#join(server, client);
  }

  become(mode: ProxyMode): void {
    const [client, server] = this.#ends;
    switch (mode) {
      case 'cut':
        this.#ends.forEach(reset);
        return;
      case 'swallow':
        // What nobody reads stays where it is, the end of a connection included.
        for (const end of this.#ends) end.pause();
        return;
      default:
        this.#delay = mode === 'pass' ? 0 : mode.delay;
        if (this.#held !== undefined) this.#pass(server, this.#held);
        this.#held = undefined;
        client.resume();
        server.resume();
    }
  }

  #join(from: Socket, to: Socket): void {
    from.on('data', (data) => {
      this.#pass(to, data);
    });
    from.on('end', () => {
      this.#after(() => to.end());
    });
    // An end that was reset leaves nothing to say to the other.
    from.on('error', () => {
      reset(to);
    });
    from.on('close', () => {
      this.#after(() => to.destroySoon());
    });
  }

  #pass(to: Socket, data: Buffer): void {
    this.#after(() => to.write(data));
  }

  #after(work: () => void): void {
    if (this.#delay === 0) work();
    else setTimeout(work, this.#delay);
  }
}

/** A socket that is being ended cannot be reset: Node.js would take it for closed, and hang when the process ends. */
const reset = (socket: Socket): void => {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
};
