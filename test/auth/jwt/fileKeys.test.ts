import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import { jwtKeyFile, jwtSecretFile, jwtVerifier, type KeysEvent } from '../../../src/auth/jwt/index.js';
import { alice } from '../../../src/testing/index.js';
import { clock, edDsa, es256, good, hs256, keyPairs, mint, pemOf, secret, token } from './mint.js';

const edToken = token({ alg: 'EdDSA' }, good, edDsa());
const ecToken = token({ alg: 'ES256' }, good, es256());
const [edPem, ecPem] = [pemOf(keyPairs.ed.publicKey), pemOf(keyPairs.ec.publicKey)];

describe('keys in a file', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'tailnet-keys-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A file, and what becomes of a token when it is read a second later. */
  const scene = (make: typeof jwtKeyFile, content: string) => {
    const path = join(directory, 'keys');
    const scheduler = clock();
    const events: string[] = [];
    const onEvent = (event: KeysEvent) =>
      events.push(event.kind === 'loaded' ? `${event.count} keys` : String(event.error));
    const keys = make(path, { scheduler, onEvent });
    const verify = jwtVerifier({ keys, scheduler });
    const write = (text: string) => writeFileSync(path, text);
    write(content);
    return {
      path,
      events,
      write,
      /** Reads the file now, or waits until it was read. */
      read: () => firstValueFrom(keys.refreshed$),
      outcome: (made: string) => {
        scheduler.frame += 1000;
        return firstValueFrom(verify(made)).then(
          ({ id }) => id,
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
      },
    };
  };

  const unknown = 'token is signed with a key that is not known here';

  it('count as soon as they are there, and no longer than that', async () => {
    const { outcome, write, events } = scene(jwtKeyFile, edPem);
    expect([await outcome(edToken), await outcome(ecToken)]).to.deep.equal([alice, unknown]);
    write(edPem + ecPem);
    expect([await outcome(edToken), await outcome(ecToken)]).to.deep.equal([alice, alice]);
    write(ecPem);
    expect([await outcome(edToken), await outcome(ecToken)]).to.deep.equal([unknown, alice]);
    expect(events).to.deep.equal(['1 keys', '2 keys', '1 keys']);
  });

  it('may be exchanged by renaming', async () => {
    const { outcome, path } = scene(jwtKeyFile, edPem);
    await outcome(edToken);
    writeFileSync(`${path}.new`, ecPem);
    renameSync(`${path}.new`, path);
    expect([await outcome(edToken), await outcome(ecToken)]).to.deep.equal([unknown, alice]);
  });

  it('go on counting while the file is gone, empty, or half written', async () => {
    const { outcome, write, read, path, events } = scene(jwtKeyFile, edPem);
    await outcome(edToken);
    rmSync(path);
    expect(await outcome(edToken)).to.equal(alice);
    for (const text of ['', edPem.slice(0, 50), 'nonsense']) {
      write(text);
      await read();
      expect(await outcome(edToken)).to.equal(alice);
      await read();
    }
    write(ecPem);
    expect(await outcome(ecToken)).to.equal(alice);
    expect(events.slice(2)).to.deep.equal([
      `Error: cannot use the keys in ${path}: there is no PEM, JWK or JWK Set`,
      '1 keys',
    ]);
    expect(events[1]).to.match(/^Error: cannot use the keys in .*ENOENT/);
  });

  it('are missed until there are any', async () => {
    const { outcome, write } = scene(jwtKeyFile, '');
    expect(await outcome(edToken)).to.equal('the keys for tokens cannot be read now');
    write(edPem);
    expect(await outcome(edToken)).to.equal(alice);
  });

  it('may be a secret, which may be exchanged, too', async () => {
    const { outcome, write } = scene(jwtSecretFile, `${secret}\n`);
    expect(await outcome(mint())).to.equal(alice);
    const other = 'x'.repeat(32);
    write(other);
    expect(await outcome(mint())).to.equal('token has a wrong signature');
    expect(await outcome(token({ alg: 'HS256' }, good, hs256(other)))).to.equal(alice);
  });

  it('are never taken for a secret when they are public', async () => {
    const { outcome } = scene(jwtKeyFile, edPem);
    expect(await outcome(token({ alg: 'HS256' }, good, hs256(edPem)))).to.equal(unknown);
  });
});
