import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { firstValueFrom } from 'rxjs';
import type { Logger } from 'pino';
import {
  jwksUrl,
  jwtKeyFile,
  jwtSecret,
  jwtSecretFile,
  jwtVerifier,
  revocationFile,
  type JwtKeys,
  type KeysEvent,
  type RevocationsEvent,
  type TokenVerifier,
} from '../auth/jwt/index.js';
import { errorText } from './errorText.js';
import { onlyOption, type JwtOptions } from './jwtOptions.js';
import { UsageError } from './usageError.js';

/**
 * What verifies tokens as the options say.
 *
 * @throws UsageError when a secret, a file or a URL will not do. That nothing answers at the URL now is only logged
 */
export async function jwtAuthentication(options: JwtOptions, command: Command, logger: Logger): Promise<TokenVerifier> {
  const { jwtAudience, jwtIssuer, jwtMaxLifetime, jwtClockTolerance, jwtRevocations } = options;
  const keys = await keysOf(options, command, logger);
  if (jwtRevocations !== undefined) {
    await orUsageError(readFile(jwtRevocations), `option '--jwt-revocations': `);
  }
  return jwtVerifier({
    keys,
    ...(jwtAudience !== undefined && { audience: jwtAudience }),
    ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
    ...(jwtMaxLifetime !== undefined && { maxLifetime: jwtMaxLifetime * 1000 }),
    ...(jwtClockTolerance !== undefined && { clockTolerance: jwtClockTolerance * 1000 }),
    ...(jwtRevocations !== undefined && {
      isRevoked$: revocationFile(jwtRevocations, { onEvent: (event) => logRevocations(logger, event) }),
    }),
  });
}

async function keysOf(options: JwtOptions, command: Command, logger: Logger): Promise<JwtKeys> {
  const source = onlyOption(
    command,
    ['jwtSecret', 'jwtSecretFile', 'jwtKeyFile', 'jwtJwksUrl'],
    '--auth jwt needs one of --jwt-secret, --jwt-secret-file, --jwt-key-file and --jwt-jwks-url, and no second one',
  );
  const value = options[source] ?? '';
  const onEvent = (event: KeysEvent) => logKeys(logger, event);
  switch (source) {
    case 'jwtSecret':
      return orUsageError(() => jwtSecret(value), `option '--jwt-secret': `);
    case 'jwtSecretFile':
      await orUsageError(firstValueFrom(jwtSecretFile(value).refreshed$), `option '--jwt-secret-file': `);
      return jwtSecretFile(value, { onEvent });
    case 'jwtKeyFile':
      await orUsageError(firstValueFrom(jwtKeyFile(value).refreshed$), `option '--jwt-key-file': `);
      return jwtKeyFile(value, { onEvent });
    case 'jwtJwksUrl': {
      const keys = await orUsageError(() => jwksUrl(value, { onEvent }), `option '--jwt-jwks-url': `);
      // If it fails, that was logged; and it is tried again when somebody comes.
      keys.refreshed$.subscribe({ error: () => {} });
      return keys;
    }
  }
}

async function orUsageError<T>(work: Promise<T> | (() => T), what: string): Promise<T> {
  try {
    return await (typeof work === 'function' ? work() : work);
  } catch (error) {
    throw new UsageError(`${what}${errorText(error)}`, { cause: error });
  }
}

function logKeys(logger: Logger, event: KeysEvent): void {
  if (event.kind === 'loaded') logger.info({ keys: event.count, key_ids: event.ids }, 'keys for tokens read');
  else logger.warn({ reason: errorText(event.error) }, 'keys for tokens cannot be read');
}

function logRevocations(logger: Logger, event: RevocationsEvent): void {
  if (event.kind === 'loaded') logger.info({ entries: event.count }, 'revoked tokens read');
  else logger.warn({ reason: errorText(event.error) }, 'revoked tokens cannot be read');
}
