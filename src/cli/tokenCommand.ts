import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { Role } from '../auth/identity.js';
import type { Uuid } from '../db/store.js';
import { option } from './environment.js';
import { generateKeyFiles } from './generateKeyFiles.js';
import { jwtSecretFileOption, jwtSecretOption, onlyOption } from './jwtOptions.js';
import type { Output } from './output.js';
import { duration, uuid } from './parsers.js';
import { UsageError } from './usageError.js';

const roles: readonly Role[] = ['peer', 'agent', 'client', 'observer'];

interface TokenOptions {
  readonly jwtSecret?: string;
  readonly jwtSecretFile?: string;
  readonly jwtPrivateKeyFile?: string;
  readonly generateKey?: string;
  readonly sub?: Uuid;
  readonly name?: string;
  readonly role: Role;
  readonly agent?: Uuid;
  /** Seconds. */
  readonly expires: number;
  readonly aud?: string;
  readonly iss?: string;
}

/** `token`: mints tokens to develop and try things out with. */
export function tokenCommand(output: Output): Command {
  const command = new Command('token')
    .description('Print a token for serve --auth jwt, to try things out with; or make keys for it.')
    .addOption(jwtSecretOption('sign'))
    .addOption(jwtSecretFileOption('sign'))
    .addOption(
      option(
        '--jwt-private-key-file <file>',
        'sign with the private key in this file: PEM or JWK; RSA, P-256, Ed25519',
      ),
    )
    .addOption(
      option('--generate-key <file>', 'make a private key (Ed25519) in this file, and its public one in <file>.pub'),
    )
    .addOption(option('--sub <uuid>', 'the id of the peer (default for an observer: a random one)').argParser(uuid))
    .addOption(option('--name <name>', 'a name for the logs (default: the id)'))
    .addOption(
      option('--role <role>', 'what the peer may do; observer: it is none, and may look at all of them')
        .choices(roles)
        .default('peer'),
    )
    .addOption(option('--agent <uuid>', 'the agent that a client talks to').argParser(uuid))
    .addOption(
      option('--expires <time>', 'how long it is valid, such as 30s, 15m, 12h or 7d')
        .argParser(duration)
        .default(3600, '1h'),
    )
    .addOption(option('--aud <audience>', 'whom it is for'))
    .addOption(option('--iss <issuer>', 'whom it is from'));
  return command.action(async ({ generateKey, sub, expires, name, role, agent, aud, iss, ...keys }: TokenOptions) => {
    if (generateKey !== undefined) {
      output.out(`${(await generateKeyFiles(generateKey)).join('\n')}\n`);
      return;
    }
    const id = sub ?? (role === 'observer' ? randomUUID() : undefined);
    if (id === undefined) throw new UsageError(`required option '--sub <uuid>' not specified`);
    const source = onlyOption(
      command,
      ['jwtSecret', 'jwtSecretFile', 'jwtPrivateKeyFile'],
      'a token needs one of --jwt-secret, --jwt-secret-file and --jwt-private-key-file, and no second one',
    );
    const { signToken } = await import('./signToken.js');
    const claims = { sub: id, name, role, agent, aud, iss };
    output.out(`${await signToken({ source, value: keys[source] ?? '' }, claims, expires)}\n`);
  });
}
