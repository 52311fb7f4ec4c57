import type * as CommandLine from '../../src/cli/runCommandLine.js';

/**
 * The command line, within this process. It loads its parts with `import()` when they are needed, and so it is loaded
 * itself: mocha may load files as CommonJS, and then an error of a part would be none of the classes that it knows.
 */
export const runCommandLine: typeof CommandLine.runCommandLine = async (...given) => {
  const commandLine = await import('../../src/cli/runCommandLine.js');
  return commandLine.runCommandLine(...given);
};
