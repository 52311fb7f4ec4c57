import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { fileURLToPath } from 'node:url';

const pathOf = (url: string): string => fileURLToPath(new URL(url, import.meta.url));

const files: Readonly<Record<string, { readonly path: string; readonly type: string }>> = {
  '/': { path: pathOf('page.html'), type: 'text/html; charset=utf-8' },
  '/protobuf.js': {
    path: fileURLToPath(import.meta.resolve('protobufjs/dist/protobuf.min.js')),
    type: 'text/javascript',
  },
  '/tailnet.proto': { path: pathOf('../../src/proto/tailnet.proto'), type: 'text/plain; charset=utf-8' },
};

const answer: RequestListener = ({ url = '' }, response) => {
  const file = files[url];
  if (file) response.writeHead(200, { 'Content-Type': file.type }).end(readFileSync(file.path));
  else response.writeHead(404).end();
};

/** A server on a free port of 127.0.0.1 that has the page, and what it needs. With a certificate, over TLS. */
export const pageServer = async (tls?: { readonly cert: string; readonly key: string }): Promise<Server> => {
  const server = tls ? createSecureServer(tls, answer) : createPlainServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};
