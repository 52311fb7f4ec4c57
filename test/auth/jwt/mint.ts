import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { VirtualTimeScheduler } from 'rxjs';
import { alice } from '../../../src/testing/index.js';

/** The time in these tests, in seconds since 1970. */
export const now = 1_800_000_000;

/** A clock that says what time it is in these tests. */
export const clock = (): VirtualTimeScheduler => {
  const scheduler = new VirtualTimeScheduler();
  scheduler.frame = now * 1000;
  return scheduler;
};

/** 32 bytes, which is just enough. */
export const secret = 'an umbrella, a spoon and a snail';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
export const keyPairs = { rsa, ec, ed };

export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

export const jwkOf = (key: KeyObject, more: object = {}): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  ...more,
});

/** How a token is signed, done here by hand: what is tested must not be what tests. */
export type Signer = (input: string) => Buffer;

export const hs256 =
  (key: string | Buffer = secret): Signer =>
  (input) =>
    createHmac('sha256', key).update(input).digest();
export const rs256 =
  (key = rsa.privateKey): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), key);
export const es256 =
  (key = ec.privateKey): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
export const edDsa =
  (key = ed.privateKey): Signer =>
  (input) =>
    sign(null, Buffer.from(input), key);

export const base64Url = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Claims of a token that is as it should be. */
export const good: Readonly<Record<string, unknown>> = { sub: alice, iat: now - 10, exp: now + 3600 };

/** Puts a token together. What is text already is not made JSON of. */
export const token = (header: object | string, payload: object | string = good, signer: Signer = hs256()): string => {
  const input = `${base64Url(header)}.${base64Url(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
};

/** A token that is signed with the secret and is as it should be, but for this. */
export const mint = (claims: object = {}, header: object = {}): string =>
  token({ alg: 'HS256', ...header }, { ...good, ...claims });
