import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { isUuid, nilUuid, parseUuid, type Uuid } from '../proto/uuid.js';

/** Reads a whole number; the error says in which range. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < from || number > to) {
      throw new InvalidArgumentError(`It is a whole number from ${from} to ${to}.`);
    }
    return number;
  };
}

/** Reads a whole number, or `none` for no limit. */
export function wholeNumberOrNone(from: number, to: number): (text: string) => number {
  return (text) => {
    if (text === 'none') return Infinity;
    try {
      return wholeNumber(from, to)(text);
    } catch {
      throw new InvalidArgumentError(`It is a whole number from ${from} to ${to}, or none.`);
    }
  };
}

/** Reads a TCP port; 0 picks a free one. */
export const port = wholeNumber(0, 65_535);

/** Reads a TCP port, or `none`. */
export function grpcPort(text: string): number | 'none' {
  if (text === 'none') return text;
  try {
    return port(text);
  } catch {
    throw new InvalidArgumentError('It is a whole number from 0 to 65535, or none.');
  }
}

/** Reads a TCP port, `same` or `none`. */
export function metricsPort(text: string): number | 'same' | 'none' {
  if (text === 'same' || text === 'none') return text;
  try {
    return port(text);
  } catch {
    throw new InvalidArgumentError('It is a whole number from 0 to 65535, same or none.');
  }
}

/** Reads a UUID that is not the nil UUID. */
export function uuid(text: string): Uuid {
  if (!isUuid(text)) throw new InvalidArgumentError('It is a UUID.');
  if (parseUuid(text) === nilUuid) throw new InvalidArgumentError('It is not the nil UUID.');
  return parseUuid(text);
}

/** Reads UUIDs: one for each time the option is given, or several with commas between. */
export function uuids(text: string, previous: readonly Uuid[]): readonly Uuid[] {
  return [...previous, ...text.split(',').map((part) => uuid(part.trim()))];
}

/** Reads the URL of a coordinator's WebSocket; without a path it gets the usual one. */
export function webSocketUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol)) {
    throw new InvalidArgumentError('It looks like ws://host:7350.');
  }
  if (url.pathname === '/') url.pathname = '/api/v2/coordinate';
  return url;
}

/** Reads a host name or address to listen on. */
export function host(text: string): string {
  if (!/^[\w.:%-]+$/.test(text)) throw new InvalidArgumentError('It is a host name or an IP address.');
  return text;
}

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return address === 'localhost' || address === '::1';
}

/** Reads how connections are authenticated. */
export function authentication(text: string): 'none' | 'jwt' {
  if (text !== 'none' && text !== 'jwt') throw new InvalidArgumentError('It is none or jwt.');
  return text;
}

/** Reads texts: one for each time the option is given, or several with commas between. */
export function texts(text: string, previous: readonly string[] = []): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new InvalidArgumentError('It is empty, or there is nothing between two commas.');
  return [...previous, ...parts];
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Reads how long something lasts, in seconds: more than 0. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (unit === undefined) throw new InvalidArgumentError('It looks like 30s, 15m, 12h or 7d.');
  if (Number(count) === 0) throw new InvalidArgumentError('It is longer than 0.');
  return Number(count) * (secondsIn[unit] ?? 1);
}
