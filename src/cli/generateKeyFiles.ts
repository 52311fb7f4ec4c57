import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { CommandError } from './commandError.js';
import { errorText } from './errorText.js';

/**
 * Makes a pair of keys (Ed25519, PEM): the private one in this file, which only its owner may read, the public one beside
 * it. Returns a line about each. Files that are there already stay as they are.
 *
 * @throws CommandError if a file is there, or cannot be written
 */
export async function generateKeyFiles(file: string): Promise<readonly string[]> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  try {
    await writeFile(file, privateKey, { flag: 'wx', mode: 0o600 });
    await writeFile(`${file}.pub`, publicKey, { flag: 'wx' });
  } catch (cause) {
    throw new CommandError(`cannot write keys: ${errorText(cause)}`, { cause });
  }
  return [`private key, for token: ${file}`, `public key, for serve: ${file}.pub`];
}
