import { lastValueFrom } from 'rxjs';
import { runCommand } from '../agent/runCommand.js';

/** Runs a program to its end; resolves with what it printed. Rejects when it fails. */
export const command = ([program = '', ...words]: readonly string[], input = ''): Promise<string> =>
  lastValueFrom(runCommand(program, words, input));
