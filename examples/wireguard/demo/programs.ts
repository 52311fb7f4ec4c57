import { fileURLToPath } from 'node:url';

/** The words that start the command line of the package. */
export const commandLine: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('dist/cli/main.js', import.meta.resolve('tailnet-coordinator/package.json'))),
];

/** The words that start a program of this example, in TypeScript, as this process was started. */
export const exampleProgram = (path: string): readonly string[] => [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL(`../${path}`, import.meta.url)),
];
