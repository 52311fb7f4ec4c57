import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, both in PEM, and the files that hold them. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of a test's own, which signs with `openssl`. */
export interface Authority extends Disposable {
  readonly root: Certificate;
  /** A certificate for servers on localhost and for clients, under this name. */
  readonly sign: (name: string) => Promise<Certificate>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function createAuthority(): Promise<Authority> {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-certificates-'));
  let count = 0;
  const filesFor = (name: string) => {
    const path = join(directory, `${String(count++)}-${name}`);
    return { certFile: `${path}.crt`, keyFile: `${path}.key`, requestFile: `${path}.csr` };
  };
  const read = ({ certFile, keyFile }: { certFile: string; keyFile: string }): Certificate => ({
    ...{ certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) },
  });

  const files = filesFor('root');
  await run('openssl', [
    ...['req', '-x509', ...newKey, '-keyout', files.keyFile, '-out', files.certFile],
    ...['-days', '2', '-subj', '/CN=test authority'],
  ]);
  const extensions = join(directory, 'extensions');
  writeFileSync(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  return {
    root: read(files),
    sign: async (name) => {
      const signed = filesFor(name);
      await run('openssl', [
        ...['req', '-new', ...newKey, '-keyout', signed.keyFile, '-out', signed.requestFile, '-subj', `/CN=${name}`],
      ]);
      await run('openssl', [
        ...['x509', '-req', '-in', signed.requestFile, '-out', signed.certFile, '-days', '2', '-extfile', extensions],
        ...['-CA', files.certFile, '-CAkey', files.keyFile, '-set_serial', String(count)],
      ]);
      return read(signed);
    },
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
