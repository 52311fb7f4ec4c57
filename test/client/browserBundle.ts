import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A program for browsers, of one file. */
export interface BrowserBundle {
  readonly text: string;
  /** All that is in it, as paths from the root of the project. */
  readonly files: readonly string[];
  /** What of Node.js is imported. */
  readonly ofNode: readonly string[];
}

/** Bundles a program that imports `tailnet-coordinator/client`, as one would for a browser; its exports become `tailnet`. */
export const browserBundle = async (program: string): Promise<BrowserBundle> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    ...{ absWorkingDir: root, bundle: true, write: false, metafile: true, logLevel: 'silent' },
    ...{ platform: 'browser', format: 'iife', globalName: 'tailnet', target: 'es2022' },
    // What browsers do not have is left out of the bundle, and found below.
    external: [...builtinModules.flatMap((name) => [name, `node:${name}`]), 'ws', '@grpc/*'],
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return {
    text: outputFiles[0]?.text ?? '',
    files: Object.keys(metafile.inputs),
    ofNode: imports.filter(({ external }) => external).map(({ path }) => path),
  };
};
