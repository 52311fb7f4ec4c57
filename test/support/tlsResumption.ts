import { once } from 'node:events';
import { connect } from 'node:tls';
import type { ConnectionOptions, SecureVersion } from 'node:tls';

/**
 * Whether a server lets a client resume a session, in this version of TLS.
 *
 * @param greeting what it sends to be answered, for the tickets of TLS 1.3 come with an answer
 */
export const isResumable = async (
  url: string,
  version: SecureVersion,
  greeting: string,
  options: ConnectionOptions,
): Promise<boolean> => {
  const { hostname: host, port } = new URL(url);
  const open = async (session?: Buffer) => {
    const versions = { minVersion: version, maxVersion: version };
    const socket = connect({ ...options, ...versions, host, port: Number(port), ...(session && { session }) });
    const sessions: Buffer[] = [];
    socket.on('session', (made) => sessions.push(made));
    await once(socket, 'secureConnect');
    socket.write(greeting);
    await once(socket, 'data');
    const isReused = socket.isSessionReused();
    socket.destroy();
    return { isReused, session: sessions.at(-1) };
  };
  const { session } = await open();
  return session !== undefined && (await open(session)).isReused;
};
