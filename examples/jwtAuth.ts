// Peers that prove who they are with a JSON Web Token, which ends their connection when it expires or is revoked.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { BehaviorSubject, filter, firstValueFrom, map, share } from 'rxjs';
import { createCoordinator } from 'tailnet-coordinator';
import { identityFromToken, jwtPublicKey, jwtVerifier, webSocketGateway } from 'tailnet-coordinator/gateways';
import { alice, bob, memoryDatabase } from 'tailnet-coordinator/testing';

// Whoever issues tokens has the private key. Here it is this program; elsewhere `jwksUrl('https://…')` asks an issuer.
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const mint = (sub: string, role: string): Promise<string> =>
  new SignJWT({ sub, role, aud: 'mesh', jti: `token of ${sub}` })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);

const revoked$ = new BehaviorSubject<ReadonlySet<string>>(new Set());
const verify = jwtVerifier({
  keys: jwtPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  audience: 'mesh',
  isRevoked$: ({ tokenId = '' }) => revoked$.pipe(map((revoked) => revoked.has(tokenId))),
});

const coordinator = createCoordinator({ database: memoryDatabase() });
const events$ = webSocketGateway(coordinator, { port: 0, identify: identityFromToken(verify) }).pipe(share());
const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
const happens = (kind: string) => firstValueFrom(events$.pipe(filter((event) => event.kind === kind)));
const [opened, closed] = [happens('opened'), happens('closed')];
const serving = events$.subscribe((event) => {
  if (event.kind === 'opened') console.log(`opened: ${event.peerId} as ${event.role}`);
  if (event.kind === 'closed') console.log(`closed: ${String(event.code)} ${event.reason}`);
  if (event.kind === 'rejected') console.log(`rejected: ${String(event.status)} ${event.reason}`);
});
const { url } = await listening;

/** The peer of the command line, until it has ended. */
const commandLine = fileURLToPath(new URL('../cli/main.js', import.meta.resolve('tailnet-coordinator/gateways')));
const connect = (id: string, token: string): Promise<unknown> => {
  const env = { ...process.env, TAILNET_TOKEN: token };
  return once(spawn(process.execPath, [commandLine, 'peer', '--url', url, '--id', id], { env }), 'close');
};

const token = await mint(alice, 'agent');
await connect(bob, token);
const alicesPeer = connect(alice, token);
await opened;
revoked$.next(new Set([`token of ${alice}`]));
await Promise.all([alicesPeer, closed]);
serving.unsubscribe();
await coordinator.close();

// Prints:
// rejected: 401 query parameter "id" contradicts the token
// opened: a11ce000-0000-4000-8000-000000000000 as agent
// closed: 1008 token revoked
