import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems hand out by themselves: from 32768 on (Linux), or 49152. */
const [first, count] = [20_000, 12_000];

/** Where this process begins, so that several do not ask for the same ones. */
let next = (process.pid * 97) % count;

/**
 * A port of 127.0.0.1 that is free, and stays free for who takes it later, or takes it again: nobody is given it who has
 * not asked for it, as a client that connects, or a server that takes any.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % count);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
