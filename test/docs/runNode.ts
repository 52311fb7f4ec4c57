import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { root } from './markdown.js';

/** How long a program of the documentation may take, in milliseconds. */
const patience = 20_000;

/** Runs Node.js in the root of the project until it ends by itself; returns what it printed. Rejects if it failed. */
export async function runNode(
  words: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const child = spawn(process.execPath, [...words], {
    cwd: root,
    env: { ...process.env, ...env },
    timeout: patience,
  });
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
  child.stdin.end(input);
  const [out, error, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (end !== 'exit code 0') throw new Error(`${end}\n${out}${error}`);
  return out;
}
