import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key, both in PEM, and the files that hold them. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface SignOptions {
  /** Default `sha256`. */
  readonly algorithm?: 'sha1' | 'sha256';
  /** Default: in a year. */
  readonly notAfterDate?: Date;
}

/** An authority of a test's own. */
export interface Authority extends Disposable {
  readonly root: Certificate;
  /** A certificate for servers on this machine and for clients, under this name. */
  readonly sign: (name: string, options?: SignOptions) => Promise<Certificate>;
}

export async function createAuthority(): Promise<Authority> {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-certificates-'));
  let count = 0;
  const keep = ({ cert, private: key }: { cert: string; private: string }): Certificate => {
    const path = join(directory, String(count++));
    const [certFile, keyFile] = [`${path}.crt`, `${path}.key`];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return { cert: Buffer.from(cert), key: Buffer.from(key), certFile, keyFile };
  };
  const nameOf = (value: string) => [{ name: 'commonName', value }];
  // Two of the same name would be taken for one another.
  const root = await generate(nameOf(`authority of ${directory}`), {
    ...{ keyType: 'ec' as const, algorithm: 'sha256' },
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  });
  return {
    root: keep(root),
    sign: async (name, { algorithm = 'sha256', notAfterDate } = {}) =>
      keep(
        await generate(nameOf(name), {
          ...{ keyType: 'ec' as const, algorithm, ...(notAfterDate && { notAfterDate }) },
          ca: { cert: root.cert, key: root.private },
          extensions: [
            { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
            {
              name: 'subjectAltName',
              altNames: [
                { type: 7, ip: '127.0.0.1' },
                { type: 2, value: 'localhost' },
              ],
            },
          ],
        }),
      ),
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
