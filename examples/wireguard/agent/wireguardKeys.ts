import { generateKeyPairSync } from 'node:crypto';

/** A key pair of WireGuard, in base64, as `wg` reads and writes keys. */
export interface WireGuardKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Makes a new pair: what `wg genkey` and `wg pubkey` do. WireGuard's keys are those of X25519 (RFC 7748). */
export const createKeys = (): WireGuardKeys => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: base64(privateKey.export({ format: 'jwk' }).d),
    publicKey: base64(publicKey.export({ format: 'jwk' }).x),
  };
};

/** A JSON Web Key (RFC 8037) has the same 32 bytes in base64url. */
const base64 = (base64url: string | undefined): string => Buffer.from(base64url ?? '', 'base64url').toString('base64');

/** What stands before the 32 bytes of a key in a node. */
const nodeKeyPrefix = Buffer.from('np');

/** A public key as nodes have it: `np` and its 32 bytes. */
export const toNodeKey = (publicKey: string): Uint8Array =>
  Buffer.concat([nodeKeyPrefix, Buffer.from(publicKey, 'base64')]);

/** The public key of a node, in base64; undefined if that is none. */
export const fromNodeKey = (key: Uint8Array): string | undefined => {
  const bytes = Buffer.from(key);
  const isKey = bytes.length === 34 && bytes.subarray(0, 2).equals(nodeKeyPrefix);
  return isKey ? bytes.subarray(2).toString('base64') : undefined;
};
