import { InvalidArgumentError, type Option } from 'commander';
import { originPolicy } from '../gateways/originPolicy.js';
import { remoteAddress } from '../gateways/remoteAddress.js';
import { option } from './environment.js';

/** What stands between a server and those who connect: their browsers, and proxies. */
export interface NetworkOptions {
  readonly basePath: string;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
}

export function networkOptions(): Option[] {
  return [
    option('--base-path <path>', 'what all paths begin with, as /tailnet').argParser(basePath).default('', 'none'),
    option('--allowed-origins <list>', 'origins whose pages may connect, separated by commas; *: all')
      .argParser(listFor(originPolicy))
      .default([], 'none'),
    option(
      '--trusted-proxies <list>',
      'proxies whose X-Forwarded-For is believed: addresses and ranges, separated by commas',
    )
      .argParser(listFor(remoteAddress))
      .default([], 'none'),
  ];
}

/** Reads what paths begin with; a slash at its end is none of it. */
function basePath(text: string): string {
  if (text === '/') return '';
  if (!/^(\/[\w.~!$&'()*+,;=:@%-]+)+\/?$/.test(text)) throw new InvalidArgumentError('It looks like /tailnet.');
  // What clients make of it when they ask for it must be the same: they leave out "." and "..", however those are written.
  if (new URL(text, 'http://localhost').pathname !== text) {
    throw new InvalidArgumentError('It looks like /tailnet, without "." and "..".');
  }
  return text.replace(/\/$/, '');
}

/** Reads texts with commas between that `check` does not refuse. */
function listFor(check: (entries: readonly string[]) => unknown): (text: string) => readonly string[] {
  return (text) => {
    const entries = text.split(',').map((entry) => entry.trim());
    try {
      check(entries);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new InvalidArgumentError(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
    }
    return entries;
  };
}
