// @ts-check

/**
 * @typedef {{ event: string, data: any }} ServerEvent
 * @typedef {{ isRefused: boolean, reason: string }} Away
 */

/** The token, for as long as this tab is open. */
const tokenKey = 'tailnet-token';

/** A server that says nothing for so long is not there any more: it says something every 15 seconds. */
const patience = 40_000;
const retryDelay = 2000;

/** Takes the token out of the address, where it would stay in the history. */
export function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token');
  if (token === null) return;
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(null, '', rest === '' ? location.pathname : `#${rest}`);
  giveToken(token);
}

/** @param {string} token */
export function giveToken(token) {
  sessionStorage.setItem(tokenKey, token.trim());
}

export function hasToken() {
  return (sessionStorage.getItem(tokenKey) ?? '') !== '';
}

/**
 * Asks for something below the page. The token goes in a header: what is in an address gets into logs.
 * @param {string} path
 * @param {RequestInit} options
 */
export function ask(path, options = {}) {
  const token = sessionStorage.getItem(tokenKey);
  const headers = token === null || token === '' ? {} : { Authorization: `Bearer ${token}` };
  return fetch(`tailnet/${path}`, { ...options, headers, cache: 'no-store', credentials: 'same-origin' });
}

/**
 * Listens for ever: comes back when the connection breaks, and waits where who looks is refused, until `again` is called.
 * An `EventSource` would do, if it could send a header.
 * @param {{ onEvent: (event: ServerEvent) => void, onAway: (away: Away) => void }} listener
 * @returns {{ again: () => void }}
 */
export function listen({ onEvent, onAway }) {
  let wake = () => {};
  const go = async () => {
    for (;;) {
      const away = await once(onEvent).catch(() => ({ isRefused: false, reason: 'the coordinator cannot be reached' }));
      onAway(away);
      await new Promise((resolve) => {
        wake = () => resolve(undefined);
        if (!away.isRefused) setTimeout(wake, retryDelay);
      });
    }
  };
  void go();
  return { again: () => wake() };
}

/**
 * Listens until it is over; why.
 * @param {(event: ServerEvent) => void} onEvent
 * @returns {Promise<Away>}
 */
async function once(onEvent) {
  const aborting = new AbortController();
  let timer = setTimeout(() => aborting.abort(), patience);
  try {
    const response = await ask('events', { signal: aborting.signal });
    if (!response.ok || !response.body) {
      const reason = (await response.text()).trim();
      return { isRefused: response.status === 401 || response.status === 403, reason };
    }
    let end = { isRefused: false, reason: 'the connection broke' };
    const take = eventReader((event) => {
      if (event.event !== 'closed') onEvent(event);
      else end = { isRefused: String(event.data.reason).startsWith('token '), reason: event.data.reason };
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return end;
      clearTimeout(timer);
      timer = setTimeout(() => aborting.abort(), patience);
      take(value);
    }
  } finally {
    clearTimeout(timer);
    aborting.abort();
  }
}

/**
 * Reads server-sent events from text that comes in pieces.
 * @param {(event: ServerEvent) => void} onEvent
 * @returns {(piece: string) => void}
 */
export function eventReader(onEvent) {
  /** A line that has not come to its end, in pieces: an event may be many times longer than one. @type {string[]} */
  let line = [];
  let event = '';
  let data = '';
  return (piece) => {
    const [first = '', ...more] = piece.split('\n');
    line.push(first);
    for (const next of more) {
      const text = line.join('');
      line = [next];
      if (text.startsWith('event: ')) event = text.slice(7);
      else if (text.startsWith('data: ')) data = text.slice(6);
      else if (text === '' && data !== '') {
        onEvent({ event, data: JSON.parse(data) });
        event = data = '';
      }
    }
  };
}
