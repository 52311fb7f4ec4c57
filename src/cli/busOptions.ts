import { readFileSync } from 'node:fs';
import type { Option } from 'commander';
import type { Logger } from 'pino';
import type { Observable } from 'rxjs';
import type { Bus } from '../db/bus.js';
import { describeNats, parseNatsUrl } from '../db/nats/natsUrl.js';
import { option } from './environment.js';
import { UsageError } from './usageError.js';

/** The bus that was asked for. */
export interface BusOptions {
  readonly url: string;
  /** The same without credentials, fit for logs. */
  readonly shown: string;
  /** A file with credentials, which is read each time that it connects. */
  readonly credentials?: string;
}

/** `--bus` and `--bus-credentials`. */
export function busOptions(): readonly Option[] {
  return [
    option('--bus <url>', 'NATS, for what coordinators tell each other (default: the database itself)'),
    option('--bus-credentials <file>', 'what to show to NATS: a .creds file'),
  ];
}

/**
 * Checks what was given. Errors do not repeat it: it may hold a password.
 *
 * @throws UsageError `option '--bus' is not a URL of NATS: …`, and what is wrong with the file
 */
export function busOf(url: string | undefined, credentials: string | undefined): BusOptions | undefined {
  if (url === undefined) {
    if (credentials !== undefined) throw new UsageError('--bus-credentials is of use with --bus only');
    return undefined;
  }
  if (credentials !== undefined) readCredentials(credentials);
  return { url, shown: shownOf(url), ...(credentials !== undefined && { credentials }) };
}

function shownOf(url: string): string {
  try {
    return describeNats(parseNatsUrl(url));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`option '--bus' is ${error.message.replace(/^bus: /, '')}.`);
  }
}

function readCredentials(file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--bus-credentials: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!/-----BEGIN NATS USER JWT-----[^]+-----BEGIN USER NKEY SEED-----/.test(text)) {
    throw new UsageError(`--bus-credentials: there are no credentials of NATS in ${file}`);
  }
  return Buffer.from(text);
}

/** Opens the bus. Only who asks for one loads what it needs. */
export async function openBus(
  { url, credentials }: BusOptions,
  logger: Logger,
): Promise<Bus & { close(): Observable<never> }> {
  const { natsBus } = await import('../db/nats/natsBus.js');
  return natsBus(url, {
    logger,
    ...(credentials !== undefined && { credentials: () => readCredentials(credentials) }),
  });
}
