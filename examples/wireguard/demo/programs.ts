import { fileURLToPath } from 'node:url';

/** The words before a program in TypeScript or JavaScript: Node.js, called as this process was. */
export const nodeWords: readonly string[] = [process.execPath, ...process.execArgv];

/** The command line of the package. */
export const commandLine = fileURLToPath(
  new URL('dist/cli/main.js', import.meta.resolve('tailnet-coordinator/package.json')),
);

/** A program of this example. */
export const exampleProgram = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
