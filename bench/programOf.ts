import { fileURLToPath } from 'node:url';

/** Another program of the benchmark, compiled or not, as this one is. */
export const programOf = (name: string): string =>
  fileURLToPath(new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
