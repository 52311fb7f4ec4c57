import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { TlsOptions } from './tls.js';

/** What is wrong with the certificates of a server. */
export interface TlsProblem {
  /** Which of them it is. */
  readonly part: 'key' | 'cert' | 'ca';
  /** Goes on where its name, or that of its file, ends. */
  readonly reason: string;
}

/**
 * What is wrong, if anything is, so that TLS can be served with what is not. `node:tls` itself takes what is empty for what was not given: then authorities without a
 * certificate, as in a file that is just being written, would let in clients of any authority in the world.
 */
export function tlsProblem({ key, cert, ca }: TlsOptions): TlsProblem | undefined {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch (error) {
    const reason = isEncrypted(key)
      ? 'holds a private key with a passphrase: give one without'
      : `holds no private key in PEM: ${textOf(error)}`;
    return { part: 'key', reason };
  }
  const [first] = certificatesIn(cert) ?? [];
  if (first === undefined) return { part: 'cert', reason: 'holds no certificate in PEM' };
  if (!first.checkPrivateKey(privateKey)) return { part: 'cert', reason: 'is not the certificate of the key' };
  if (ca !== undefined && !certificatesIn(ca)?.length) return { part: 'ca', reason: 'holds no certificate in PEM' };
  return refusalOfTls('cert', { key, cert }) ?? (ca === undefined ? undefined : refusalOfTls('ca', { ca }));
}

/** What can be read may still be too weak, for TLS as it is set up here: signed with SHA-1, a key that is too short. */
function refusalOfTls(part: TlsProblem['part'], options: Partial<TlsOptions>): TlsProblem | undefined {
  try {
    createSecureContext(options);
    return undefined;
  } catch (error) {
    return { part, reason: `cannot be used for TLS: ${textOf(error)}` };
  }
}

/** OpenSSL only says of them that it was interrupted when it would have asked for the passphrase. */
function isEncrypted(pem: string | Buffer): boolean {
  return /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem.toString());
}

/** Undefined if one of them cannot be read. */
function certificatesIn(pem: string | Buffer): readonly X509Certificate[] | undefined {
  const blocks =
    pem
      .toString()
      .match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
