import type { TransportCall } from './transport.js';

/** The protobuf subprotocol. */
export const subprotocol = 'tailnet.v2.proto';

/** The URL with who connects in its query, as docs/protocol.md says. */
export function webSocketAddress(
  call: Pick<TransportCall, 'url' | 'id' | 'name' | 'role' | 'agentId' | 'token'>,
  where: 'token in the query' | 'token in a header',
): URL {
  if (!call.url) throw new TypeError('url: a WebSocket needs one');
  const address = new URL(call.url);
  const { id, name, role, agentId: agent, token } = call;
  const said = { id, name, role, agent, ...(where === 'token in the query' && { token }) };
  for (const [parameter, value] of Object.entries(said)) {
    if (value !== undefined) address.searchParams.set(parameter, value);
  }
  return address;
}
