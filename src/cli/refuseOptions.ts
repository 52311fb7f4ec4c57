import type { Command } from 'commander';
import { UsageError } from './usageError.js';

/**
 * Refuses options that are of no use as the others are: whoever gave one believes that it does something.
 *
 * @param names such as `--jwt-issuer`
 * @param use goes on after `is of use`
 * @throws UsageError `--jwt-issuer is of use with --auth jwt only`
 */
export function refuseOptions(command: Command, names: readonly string[], use: string): void {
  for (const long of names) {
    const name = command.options.find((candidate) => candidate.long === long)?.attributeName() ?? '';
    if (['cli', 'env', 'config'].includes(command.getOptionValueSource(name) ?? '')) {
      throw new UsageError(`${long} is of use ${use} only`);
    }
  }
}
