import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { filter, firstValueFrom, ReplaySubject, skip } from 'rxjs';
import type { Subscription } from 'rxjs';
import { tlsFiles$ } from '../../src/gateways/index.js';
import type { TlsOptions } from '../../src/gateways/index.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { createAuthority } from '../support/certificates.js';
import type { Authority, Certificate } from '../support/certificates.js';

describe('tlsFiles$', () => {
  let authority: Authority;
  let first: Certificate;
  let second: Certificate;
  let subscription: Subscription | undefined;
  before(async () => {
    authority = await createAuthority();
    first = await authority.sign('first');
    second = await authority.sign('second');
  });
  after(() => {
    authority[Symbol.dispose]();
  });
  afterEach(() => subscription?.unsubscribe());

  const filesIn = (directory: string) => ({ key: join(directory, 'tls.key'), cert: join(directory, 'tls.crt') });

  const watch = (files: { key: string; cert: string; ca?: string }) => {
    const certificates$ = new ReplaySubject<TlsOptions>();
    const errors$ = new ReplaySubject<unknown>();
    const onError = (error: unknown) => {
      errors$.next(error);
    };
    subscription = tlsFiles$(files, { period: 10, onError }).subscribe(certificates$);
    return { nth: (index: number) => firstValueFrom(certificates$.pipe(skip(index))), errors$ };
  };

  it('reads them, and again when they have changed', async () => {
    using directory = temporaryDirectory();
    const files = filesIn(directory.path);
    copyFileSync(first.keyFile, files.key);
    copyFileSync(first.certFile, files.cert);
    const { nth, errors$ } = watch({ ...files, ca: authority.root.certFile });
    expect(await nth(0)).to.deep.equal({
      ...{ key: first.key.toString(), cert: first.cert.toString(), ca: authority.root.cert.toString() },
    });
    // Half of a renewal is none.
    copyFileSync(second.keyFile, files.key);
    expect(String(await firstValueFrom(errors$))).to.contain(`${files.cert} is not the certificate of the key`);
    copyFileSync(second.certFile, files.cert);
    expect(await nth(1)).to.include({ key: second.key.toString(), cert: second.cert.toString() });
  });

  it('keeps those it has when the new ones can be read, and are too weak for TLS', async () => {
    using directory = temporaryDirectory();
    const files = filesIn(directory.path);
    copyFileSync(first.keyFile, files.key);
    copyFileSync(first.certFile, files.cert);
    const { nth, errors$ } = watch(files);
    await nth(0);
    const weak = await authority.sign('weak', { algorithm: 'sha1' });
    const tooWeak = firstValueFrom(errors$.pipe(filter((error) => String(error).includes('cannot be used for TLS'))));
    copyFileSync(weak.keyFile, files.key);
    copyFileSync(weak.certFile, files.cert);
    expect(String(await tooWeak)).to.contain(files.cert);
    copyFileSync(second.keyFile, files.key);
    copyFileSync(second.certFile, files.cert);
    expect(await nth(1)).to.include({ key: second.key.toString(), cert: second.cert.toString() });
  });

  it('errors when the first are no good, and says which file it is', async () => {
    using directory = temporaryDirectory();
    const files = filesIn(directory.path);
    const failure = () =>
      watch(files)
        .nth(0)
        .catch((error: unknown) => String(error));
    copyFileSync(second.certFile, files.cert);
    expect(await failure()).to.contain(`ENOENT: no such file or directory, open '${files.key}'`);
    copyFileSync(first.keyFile, files.key);
    expect(await failure()).to.contain(`${files.cert} is not the certificate of the key`);
    writeFileSync(files.cert, 'none');
    expect(await failure()).to.contain(`${files.cert} holds no certificate in PEM`);
    writeFileSync(files.key, '');
    expect(await failure()).to.contain(`${files.key} holds no private key in PEM`);
  });

  it('keeps the authorities it has, while the file is empty, or holds something else', async () => {
    using directory = temporaryDirectory();
    const ca = join(directory.path, 'ca.crt');
    copyFileSync(authority.root.certFile, ca);
    const { nth, errors$ } = watch({ key: first.keyFile, cert: first.certFile, ca });
    await nth(0);
    for (const [index, content] of ['', first.key.toString()].entries()) {
      writeFileSync(ca, content);
      const error = await firstValueFrom(errors$.pipe(skip(index)));
      expect(String(error)).to.contain(`${ca} holds no certificate in PEM`);
    }
    // Node.js would take none for all authorities that it knows.
    copyFileSync(first.certFile, ca);
    expect(await nth(1)).to.include({ ca: first.cert.toString() });
  });
});
