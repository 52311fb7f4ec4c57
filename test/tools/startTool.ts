import { runTool, type Tool } from './runTool.js';

/** Does what the words of this process ask a tool for, and leaves its exit code: what the main module of a tool calls. */
export const startTool = async <Request>(
  tool: Tool<Request>,
  act: (request: Request) => Promise<number> | number,
): Promise<void> => {
  // Whoever reads no further, as `head` does, has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await runTool(tool, process.argv.slice(2), act);
};
