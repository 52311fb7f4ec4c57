import type { Command } from './command.js';

/** What there is, for people. */
export const usage = (commands: Readonly<Record<string, Command>>): string => `usage: npm run bench -- COMMAND [options]

${Object.entries(commands)
  .map(([name, command]) => `  ${name.padEnd(11)} ${command.description}${optionsOf(command)}`)
  .join('\n')}

Each workload prints one line of JSON. Options of all commands; micro and compression have no database, and none of the
first four:

  --database-url URL    a PostgreSQL database, whose tailnet tables are emptied. Default: TAILNET_DATABASE_URL, or else
                        an embedded server
  --bus URL             NATS as the bus, such as nats://host:4222/bench (W1 to W4 and cluster only)
  --slow-flush          commit_delay=1000, commit_siblings=0 during the run (needs a superuser)
  --idle-listeners N    foreign connections that listen to something else (0)
  --quiet-wait S        wait for a quiet machine before the start, at most so many seconds (0)
  --endpoints N         endpoints of each node (4)
  --regions N           regions in derp_latency of each node (3)
  --addresses N         addresses of each node (2)
`;

const optionsOf = (command: Command): string => {
  const defaults = { ...command.numbers, ...(command.kind === 'suite' ? command.lists : {}) };
  const options = Object.entries(defaults).map(([option, value]) => `--${option} ${String(value)}`);
  if (command.kind === 'parts') {
    options.push(...Object.entries(command.texts).map(([option, text]) => `[--${option} ${text}]`));
    options.push(...command.flags.map((option) => `[--${option}]`));
  }
  return options.length === 0 ? '' : `\n           ${options.join(' ')}`;
};
