import type { Command, Option } from 'commander';
import { option } from '../environment.js';
import { applyConfig, type AppliedValue } from './applyConfig.js';

/** `--config`. */
export function configOption(): Option {
  return option('--config <file>', 'options from a file, in YAML or JSON; those given here or in the environment win');
}

/**
 * Gives a command the values from the file that its option `--config` names, if it does.
 *
 * @throws UsageError that names the file and what is wrong there
 */
export async function useConfigFile(command: Command): Promise<readonly AppliedValue[]> {
  const { config: file } = command.opts<{ config?: string }>();
  if (file === undefined) return [];
  const { readConfigFile } = await import('./configFile.js');
  return applyConfig(command, await readConfigFile(file), file);
}
