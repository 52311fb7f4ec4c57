import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from './isRunning.js';

const prefix = 'tailnet-demo-';

/** A directory that goes when it is disposed of. Those of demos that were killed before they could go now. */
export const temporaryDirectory = (): Disposable & { readonly path: string } => {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(/^tailnet-demo-(\d+)-/.exec(name)?.[1]);
    if (owner > 0 && !isRunning(owner)) remove(join(tmpdir(), name));
  }
  const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  // Started by root, PostgreSQL runs as somebody else, who must get there.
  chmodSync(path, 0o711);
  return { path, [Symbol.dispose]: () => remove(path) };
};

const remove = (path: string): void => rmSync(path, { recursive: true, force: true, maxRetries: 10 });
