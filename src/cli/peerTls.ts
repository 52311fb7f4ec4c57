import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Option } from 'commander';
import type { ClientTls } from '../client/index.js';
import { tlsProblem } from '../gateways/tlsProblem.js';
import { option } from './environment.js';
import { errorText } from './errorText.js';
import { UsageError } from './usageError.js';

/** Files in PEM. */
export interface PeerTlsOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

/** The options of `peer` for TLS. */
export function peerTlsOptions(): Option[] {
  return [
    option('--tls-cert <file>', 'certificate to show where one is asked for, in PEM'),
    option('--tls-key <file>', 'its private key'),
    option('--tls-ca <file>', 'trust this authority, and no other, to say who the coordinator is'),
  ];
}

/**
 * What they say, with what is in the files.
 *
 * @throws UsageError when one is missing or of no use, or a file is no good
 */
export async function peerTlsOf(options: PeerTlsOptions, url: URL): Promise<ClientTls> {
  const { tlsCert, tlsKey, tlsCa } = options;
  const given = { '--tls-cert': tlsCert, '--tls-key': tlsKey, '--tls-ca': tlsCa };
  const [first] = Object.entries(given).find(([, file]) => file !== undefined) ?? [];
  if (first === undefined) return {};
  if (url.protocol !== 'wss:') throw new UsageError(`${first} is of use with a URL wss: only`);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('a certificate to show needs both --tls-cert and --tls-key');
  }
  const [cert, key, ca] = await Promise.all(Object.entries(given).map(([name, file]) => contentOf(name, file)));
  if (cert !== undefined && key !== undefined) {
    const problem = tlsProblem({ cert, key });
    if (problem)
      throw new UsageError(`option '--tls-${problem.part}': ${given[`--tls-${problem.part}`] ?? ''} ${problem.reason}`);
  }
  if (ca !== undefined && !hasCertificate(ca)) {
    throw new UsageError(`option '--tls-ca': ${tlsCa ?? ''} holds no certificate in PEM`);
  }
  return { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), ...(ca !== undefined && { ca }) };
}

function hasCertificate(pem: string): boolean {
  try {
    createSecureContext({ ca: pem });
    return pem.includes('-----BEGIN CERTIFICATE-----');
  } catch {
    return false;
  }
}

async function contentOf(name: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`option '${name}': ${errorText(error)}`, { cause: error });
  }
}
