import type { Command, Option } from 'commander';
import { option } from './environment.js';
import { texts, wholeNumber } from './parsers.js';
import { refuseOptions } from './refuseOptions.js';
import { UsageError } from './usageError.js';

/** What `serve` can be told of tokens. */
export interface JwtOptions {
  readonly jwtSecret?: string;
  readonly jwtSecretFile?: string;
  readonly jwtKeyFile?: string;
  readonly jwtJwksUrl?: string;
  readonly jwtAudience?: readonly string[];
  readonly jwtIssuer?: readonly string[];
  /** Seconds. */
  readonly jwtMaxLifetime?: number;
  /** Seconds. */
  readonly jwtClockTolerance?: number;
  readonly jwtRevocations?: string;
}

/** `--jwt-secret`. On a command line others can see what it is given; its variable is the owner's to read. */
export function jwtSecretOption(use: 'verify' | 'sign'): Option {
  return option('--jwt-secret <secret>', `${use} with this secret (HS256); better in its variable, or in a file`);
}

/** `--jwt-secret-file`. */
export function jwtSecretFileOption(use: 'verify' | 'sign'): Option {
  return option('--jwt-secret-file <file>', `${use} with the secret in this file (HS256)`);
}

/** The options of `serve` for tokens. */
export function jwtOptions(): Option[] {
  const most = 2 ** 31 - 1;
  return [
    jwtSecretOption('verify'),
    jwtSecretFileOption('verify'),
    option('--jwt-key-file <file>', 'verify with the public keys in this file: PEM, JWK or JWK Set'),
    option('--jwt-jwks-url <url>', 'verify with the JWK Set at this URL'),
    option(
      '--jwt-audience <audience>',
      'tokens must be for this (aud); several times or with commas: one of these',
    ).argParser(texts),
    option(
      '--jwt-issuer <issuer>',
      'tokens must be from this (iss); several times or with commas: one of these',
    ).argParser(texts),
    option('--jwt-max-lifetime <seconds>', 'longest time from iat to exp (default: any)').argParser(
      wholeNumber(1, most),
    ),
    option('--jwt-clock-tolerance <seconds>', 'how far the clock of an issuer may be ahead')
      .argParser(wholeNumber(0, most))
      .default(5),
    option('--jwt-revocations <file>', 'ids of revoked tokens (jti), or of peers; one a line'),
  ];
}

/**
 * The one of these options that is given, by the names of their values. One on the command line wins over others in the
 * environment.
 *
 * @throws UsageError with this message if there is not exactly one
 */
export function onlyOption<Name extends string>(command: Command, names: readonly Name[], message: string): Name {
  const sources = names.map((name) => [name, command.getOptionValueSource(name)] as const);
  const given = sources.filter(([, source]) => source !== undefined);
  const onCommandLine = given.filter(([, source]) => source === 'cli');
  const [only, ...more] = onCommandLine.length > 0 ? onCommandLine : given;
  if (only === undefined || more.length > 0) throw new UsageError(message);
  return only[0];
}

/**
 * Refuses what is said of tokens where none is asked for: whoever said it believes that strangers are kept out.
 *
 * @throws UsageError that names the option
 */
export function refuseJwtOptions(command: Command): void {
  const names = jwtOptions().map(({ long }) => long ?? '');
  refuseOptions(command, names, 'with --auth jwt');
}
