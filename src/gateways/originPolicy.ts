import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Whether a request with these headers may come, as far as the page matters that sent it. */
export type OriginPolicy = (headers: IncomingHttpHeaders) => boolean;

/**
 * Keeps pages of strangers out. A browser lets any page open a WebSocket to anywhere, with what it knows of its user (their
 * place in the network, their cookies), and says in `Origin` whose page it is. Programs that are no browsers send none,
 * and are not asked.
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
    if (origin === undefined) return true;
    return typeof origin === 'string' && mayCome(patterns, origin, headers.host);
  };
}

function mayCome(patterns: readonly RegExp[], origin: string, host: string | undefined): boolean {
  const serialised = originOf(origin) ?? origin;
  return patterns.some((pattern) => pattern.test(serialised)) || isHere(origin, host);
}

/**
 * Whether a GET may be answered to somebody who proves nothing, by what it is sent to. With a GET to where a page came
 * from, a browser sends no `Origin`, and a page of a stranger may have come from a name that points here by now (DNS
 * rebinding); of all that a browser says, `Host` alone cannot be made up. So that must be an address, `localhost`, or the
 * name of an origin that is listed, whoever asks.
 *
 * @param origins as for {@link originPolicy}
 * @throws TypeError `not an origin: "example.com"; …`
 */
export function hostPolicy(origins: readonly string[]): (headers: IncomingHttpHeaders) => boolean {
  const patterns = origins.map(patternOf);
  return ({ host }) => {
    const origin = originOf(`http://${host ?? ''}`);
    if (origin === undefined) return false;
    if (isAddress(new URL(origin).hostname)) return true;
    // A proxy may speak TLS with the browser, and not with us.
    const secure = originOf(`https://${host ?? ''}`) ?? origin;
    return patterns.some((pattern) => pattern.test(origin) || pattern.test(secure));
  };
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
  return isAddress(hostname) && originOf(`${protocol}//${host}`) === `${protocol}//${originHost}`;
}

/** Whether nobody else can make this point elsewhere. */
function isAddress(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replaceAll(/^\[|\]$/g, '')) !== 0;
}
