import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { getRoute, reply, replyText } from '../httpRoutes.js';
import type { HttpRoute } from '../httpRoutes.js';

const scripts = [
  ...['coordinators', 'details', 'elements', 'live', 'main', 'mesh', 'meshLayout', 'peerList', 'search', 'tailnet'],
];

/** All that the page is made of. They stand beside this file as they are sent: there is nothing to build. */
const types: Readonly<Record<string, string>> = {
  'page.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'plain.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  ...Object.fromEntries(scripts.map((name) => [`${name}.js`, 'text/javascript; charset=utf-8'])),
};

/**
 * The page runs what came with it, and nothing else: no script in its text, no other's, and none made of text. What a peer
 * says could not become one if the page were careless with it.
 */
const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The page, and what it is made of. */
export interface DebugPage {
  /** Answers with the page; with tables in it for those who run no scripts, if there are any to be shown to everybody. */
  readonly send: (response: ServerResponse, tables?: string) => void;
  /** The files below it. */
  readonly file: HttpRoute;
}

/** What stands in the page for those who run no scripts. */
const plain = /(<noscript id="plain">).*?(<\/noscript>)/s;

/**
 * The page itself, and the files that it is made of. They hold nothing of what there is to see, so everybody gets them: it is
 * the page that then asks, with the token that somebody gives it.
 */
export function debugPage(): DebugPage {
  const bodies = new Map(
    Object.entries(types).map(([name, type]) => {
      const body = readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
      return [name, { type, body }] as const;
    }),
  );
  const file: HttpRoute = (_request, response, { file: name = '' }) => {
    const found = bodies.get(name);
    if (found) reply(response, 200, found.type, found.body, headers);
    else replyText(response, 404, `not found; the page is made of ${[...bodies.keys()].join(', ')}`);
  };
  const { type = '', body = '' } = bodies.get('page.html') ?? {};
  return {
    send: (response, tables) => {
      const shown = tables === undefined ? body : body.replace(plain, (_, begin, end) => `${begin}\n${tables}\n${end}`);
      reply(response, 200, type, shown, headers);
    },
    file: getRoute(file),
  };
}
