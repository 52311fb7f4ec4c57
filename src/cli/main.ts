#!/usr/bin/env node
import { runCommandLine } from './runCommandLine.js';

process.exitCode = await runCommandLine(process.argv.slice(2));
// Nothing should be left that keeps the process alive. If something is, it does not.
setTimeout(() => process.exit(), 2000).unref();
