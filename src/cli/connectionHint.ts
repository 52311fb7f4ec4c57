/** What those mistakes look like that anybody makes with a URL, and how to mend them. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/Expected HTTP\//, 'that does not speak HTTP: is it the port for gRPC, or one for TLS (wss:)?'],
  [/socket hang up/, 'it was hung up at once: is it a port for TLS (wss:), or for something else?'],
  [/wrong version number|packet length too long/, 'that does not speak TLS: is it ws: instead of wss:?'],
  [
    /self-signed certificate|unable to (get local issuer|verify the first) certificate/,
    'its authority is not known here: --tls-ca names a file with it',
  ],
  [
    /certificate required|handshake failure|tlsv1[0-9]* alert/i,
    'does it ask for a certificate of clients (mutual TLS: --tls-cert, --tls-key)?',
  ],
];

/** What to do about a connection that failed like this; undefined when there is nothing to say. */
export function connectionHint(failure: string): string | undefined {
  return hints.find(([pattern]) => pattern.test(failure))?.[1];
}
