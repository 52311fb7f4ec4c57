import { readFile } from 'node:fs/promises';
import type { Option } from 'commander';
import type { TlsFiles } from '../gateways/tlsFiles.js';
import { tlsProblem } from '../gateways/tlsProblem.js';
import { option } from './environment.js';
import { errorText } from './errorText.js';
import { UsageError } from './usageError.js';

/** Files in PEM. */
export interface TlsFileOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

/** The options of `serve` for TLS, at all of its ports. */
export function tlsOptions(): Option[] {
  return [
    option('--tls-cert <file>', 'certificate to show, in PEM; read again when it changes'),
    option('--tls-key <file>', 'its private key'),
    option('--tls-client-ca <file>', 'authorities by which the certificates of clients must be signed'),
  ];
}

/**
 * What they say, together.
 *
 * @throws UsageError when one is missing, or a file is no good
 */
export async function tlsFilesOf(options: TlsFileOptions): Promise<TlsFiles | undefined> {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: ca } = options;
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('TLS needs both --tls-cert and --tls-key');
  const files = { cert, key, ...(ca !== undefined && { ca }) };
  const content = {
    cert: await contentOf('--tls-cert', cert),
    key: await contentOf('--tls-key', key),
    ...(ca !== undefined && { ca: await contentOf('--tls-client-ca', ca) }),
  };
  const problem = tlsProblem(content);
  if (problem) {
    const { part, reason } = problem;
    throw new UsageError(`option '${names[part]}': ${files[part] ?? part} ${reason}`);
  }
  return files;
}

const names = { cert: '--tls-cert', key: '--tls-key', ca: '--tls-client-ca' } as const;

async function contentOf(name: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`option '${name}': ${errorText(error)}`, { cause: error });
  }
}
