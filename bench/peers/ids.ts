import { randomBytes } from 'node:crypto';

/** The ids of a run: a random prefix, and the number of the peer in the last four bytes, big endian. */
export interface Ids {
  /** Twelve bytes in hexadecimal digits. */
  readonly prefix: string;
  readonly uuidOf: (peer: number) => string;
  readonly bytesOf: (peer: number) => Uint8Array;
}

/** @param prefix of another process of the same run */
export const createIds = (prefix = randomBytes(12).toString('hex')): Ids => {
  const first = Buffer.from(prefix, 'hex');
  return {
    prefix,
    uuidOf: (peer) => {
      const hex = prefix + peer.toString(16).padStart(8, '0');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
    bytesOf: (peer) => {
      const bytes = new Uint8Array(16);
      bytes.set(first);
      new DataView(bytes.buffer).setUint32(12, peer);
      return bytes;
    },
  };
};
