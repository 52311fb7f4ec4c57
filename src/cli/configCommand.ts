import { Command } from 'commander';
import type { AppliedValue } from './config/applyConfig.js';
import { useConfigFile } from './config/configOption.js';
import { tidyEnvironment } from './environment.js';
import type { Output } from './output.js';
import { checkServeOptions, serveOptions } from './serveCommand.js';

/** `config check`: says whether `serve` would start with a file. */
export function configCommand(output: Output): Command {
  return new Command('config')
    .description('Look at a configuration file.')
    .helpCommand(false)
    .addCommand(
      new Command('check')
        .description('Check a file for serve --config, with the files that it names, together with the environment.')
        .argument('<file>', 'in YAML or JSON')
        .action(async (file: string) => {
          const { pino } = await import('pino');
          const serve = serveOptions(new Command('serve'));
          tidyEnvironment(serve, process.env);
          let applied: readonly AppliedValue[] = [];
          serve.action(async () => {
            applied = await useConfigFile(serve);
            await checkServeOptions(serve, pino({ level: 'silent' }));
          });
          serve.exitOverride().configureOutput({ writeErr: output.error });
          await serve.parseAsync(['--config', file], { from: 'user' });
          output.out(`${file}: right, ${applied.length === 1 ? '1 option' : `${String(applied.length)} options`}\n`);
          for (const { name, overriddenBy } of applied) {
            if (overriddenBy !== undefined) output.out(`${name} does not count: ${overriddenBy} does\n`);
          }
        }),
    );
}
