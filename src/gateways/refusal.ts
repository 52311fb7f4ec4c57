import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** An HTTP answer to somebody who wanted to upgrade and may not. */
export interface Refusal {
  readonly status: number;
  /** One line for the client. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What lies behind it, when it is not the client's fault; the client does not see it. */
  readonly error?: unknown;
}

/** How long a client that was refused may go on sending, in milliseconds. */
const lingering = 1000;

/**
 * Answers an upgrade request with a refusal and ends its socket.
 *
 * The socket is read to its end for up to a second: a socket that is closed with something unread in it is reset, and
 * the client might never see the answer.
 */
export function refuse(socket: Duplex, { status, reason, headers }: Refusal): void {
  const body = `${reason}\n`;
  const fields = {
    Connection: 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), lingering).unref();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.resume();
}
