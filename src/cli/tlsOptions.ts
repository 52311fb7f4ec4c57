import type { Option } from 'commander';
import type { TlsFiles } from '../gateways/tlsFiles.js';
import { option } from './environment.js';
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

/** What they say, together. */
export function tlsFilesOf({ tlsCert: cert, tlsKey: key, tlsClientCa: ca }: TlsFileOptions): TlsFiles | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key, ...(ca !== undefined && { ca }) };
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  throw new UsageError('TLS needs both --tls-cert and --tls-key');
}
