import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Whether a request with these headers may come, as far as the page matters that sent it. */
export type OriginPolicy = (headers: IncomingHttpHeaders) => boolean;

/**
 * Keeps pages of strangers out. A browser lets any page open a WebSocket to anywhere, with what it knows of its user (their
 * place in the network, their cookies), and says in `Origin` whose page it is. Programs that are no browsers send none,
 * and are not asked.
 *
 * With a GET to where the page came from, a browser sends no `Origin` either, but headers that only browsers send. Then the
 * page's origin is what the request is sent to, or, if they say that it came from elsewhere, unknown.
 *
 * A page may come whose origin is listed, or which came from here itself: its origin has the host and port that the
 * request is sent to, and that is an address or `localhost`. A name is not enough, for it may belong to a stranger who lets
 * it point here (DNS rebinding).
 *
 * @param origins such as `https://app.example.com`; `https://*.example.com` for all names below, with any number of labels;
 *   `http://localhost:*` for any port; `null` for pages without an origin, as files and sandboxes are; `*` for everybody
 * @throws TypeError `not an origin: "example.com"; …`
 */
export function originPolicy(origins: readonly string[]): OriginPolicy {
  const patterns = origins.map(patternOf);
  return (headers) => {
    // Clients of the drafts before RFC 6455 call it otherwise.
    const origin = headers.origin ?? headers['sec-websocket-origin'];
    if (Array.isArray(origin)) return false;
    const origins = origin === undefined ? unsaidOrigins(headers) : [origin];
    return origins?.some((each) => mayCome(patterns, each, headers.host)) ?? true;
  };
}

function mayCome(patterns: readonly RegExp[], origin: string, host: string | undefined): boolean {
  const serialised = originOf(origin) ?? origin;
  return patterns.some((pattern) => pattern.test(serialised)) || isHere(origin, host);
}

/**
 * What the origin may be that a browser leaves unsaid, for it may speak TLS with a proxy in between; nothing for other
 * programs, and for what its user has typed in.
 */
function unsaidOrigins(headers: IncomingHttpHeaders): readonly string[] | undefined {
  const { host = '', 'sec-fetch-site': site, 'accept-language': language = '*' } = headers;
  // Browsers say which site it is only where they trust the connection. They always say languages; Node.js says any.
  if (site === 'none' || (site === undefined && language === '*')) return undefined;
  return site === undefined || site === 'same-origin' ? [`http://${host}`, `https://${host}`] : ['null'];
}

/** `scheme://host` and, unless it is the scheme's own, `:port`; in lower case. Nothing if it is no origin. */
function originOf(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host } = new URL(text);
  return `${protocol}//${host.toLowerCase()}`;
}

/** What an entry of the list stands for. */
function patternOf(entry: string): RegExp {
  const text = entry.trim();
  if (text === '*') return /^/;
  if (text.toLowerCase() === 'null') return /^null$/;
  const [, scheme = '', subdomains = '', host = '', port = ''] =
    /^([a-z][a-z0-9+.-]*:\/\/)(\*\.)?([^*/?#@\s]+?)(:\*)?\/?$/i.exec(text) ?? [];
  const origin = originOf(scheme + host);
  if (origin === undefined || /^wss?:/.test(origin)) {
    throw new TypeError(
      `not an origin: ${JSON.stringify(entry)}; it looks like https://app.example.com, https://*.example.com, http://localhost:*, null or *`,
    );
  }
  const start = origin.indexOf('//') + 2;
  const names = subdomains === '' ? '' : '(?:[^.:/]+\\.)+';
  const ports = port === '' ? '' : '(?::\\d+)?';
  return new RegExp(`^${literally(origin.slice(0, start))}${names}${literally(origin.slice(start))}${ports}$`);
}

function literally(text: string): string {
  return text.replaceAll(/[^\w]/g, '\\$&');
}

/** Whether a page came from the address that its request is sent to. */
function isHere(origin: string, host: string | undefined): boolean {
  const serialised = originOf(origin);
  if (serialised === undefined || host === undefined) return false;
  const { protocol, host: originHost, hostname } = new URL(serialised);
  if (hostname !== 'localhost' && isIP(hostname.replaceAll(/^\[|\]$/g, '')) === 0) return false;
  return originOf(`${protocol}//${host}`) === `${protocol}//${originHost}`;
}
