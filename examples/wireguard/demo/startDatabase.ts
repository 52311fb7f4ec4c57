import { startChild } from './childProcess.js';
import type { ChildProcess } from './childProcess.js';
import type { FactLog } from './factLog.js';
import type { Network } from './network.js';
import { exampleProgram } from './programs.js';

/**
 * Starts PostgreSQL in the network of the demo; resolves when it is ready. The demo fails if it ends before it should.
 */
export const startDatabase = async (
  network: Network,
  dataDir: string,
  log: FactLog,
): Promise<ChildProcess & { readonly url: string }> => {
  let onUrl: (url: string) => void = () => {};
  const url = new Promise<string>((resolve) => (onUrl = resolve));
  const words = [...network.at('net'), ...exampleProgram('demo/database.ts'), dataDir];
  const child = startChild(words, (line) => onUrl(line));
  void child.ended.then((how) => log.fail(new Error(`the database ended: ${how}\n${child.complaint()}`)));
  return { ...child, url: await Promise.race([url, log.failed]) };
};
