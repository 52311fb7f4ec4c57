// @ts-check
import { ageOf, byId, counted, element, idText, mark } from './elements.js';
import { ask } from './live.js';

/** So many tunnels of one peer are listed; the number of all is told. */
const maxLinks = 200;

const names = /** @type {Record<string, string>} */ ({
  addresses: 'addresses',
  allowedIps: 'allowed IPs',
  endpoints: 'endpoints',
  preferredDerp: 'home relay',
  derpLatency: 'relay latency',
  derpForcedWebsocket: 'relays by WebSocket',
  key: 'WireGuard key',
  disco: 'disco key',
  asOf: 'as of',
  id: 'number',
});

/** All about the selected peer. Its node is asked for when somebody wants to see it. */
export class Details {
  #pane = byId('details');
  #tailnet;
  #onSelect;
  #shown = '';
  /** Whose node is to be seen. */
  #wantsNode = '';
  /** @type {Node[]} */
  #node = [];
  #nodeOf = '';

  /**
   * @param {import('./tailnet.js').Tailnet} tailnet
   * @param {(id: string) => void} onSelect
   */
  constructor(tailnet, onSelect) {
    this.#tailnet = tailnet;
    this.#onSelect = onSelect;
    this.#pane.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      const other = button?.dataset['peer'];
      if (other !== undefined) this.#onSelect(other);
      else if (button?.id === 'show-node') this.#showNode(button.dataset['of'] ?? '');
    });
  }

  focus() {
    this.#pane.focus();
  }

  /** @param {string} id empty: nobody is selected */
  show(id) {
    const peer = this.#tailnet.peers.get(id);
    // What has not changed stays, and with it where somebody is in it. Ages are told anew by themselves.
    const shown = JSON.stringify([
      id,
      peer?.rows,
      peer && [...peer.links],
      this.#statuses(peer),
      this.#wantsNode === id,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['peer'] : undefined;
    if (id === '') this.#pane.replaceChildren(...this.#nobody());
    else if (!peer) this.#pane.replaceChildren(...this.#unknown(id));
    else this.#pane.replaceChildren(...this.#peer(peer));
    if (focused !== undefined) {
      const again = [...this.#pane.querySelectorAll('button')].find((button) => button.dataset['peer'] === focused);
      again?.focus();
    }
    if (this.#wantsNode === id && peer && this.#nodeOf !== `${id} ${peer.writtenAt} ${peer.status}`) this.#showNode(id);
  }

  /** @param {import('./tailnet.js').Peer | undefined} peer */
  #statuses(peer) {
    return peer && [...peer.links.keys()].slice(0, maxLinks).map((other) => this.#tailnet.peers.get(other)?.status);
  }

  #nobody() {
    return [
      element('h2', {}, 'No peer is selected'),
      element(
        'p',
        { class: 'hint' },
        'Choose one in the list, or in the picture: here is then where it is connected, when it last wrote, its tunnels, and its node.',
      ),
    ];
  }

  /** @param {string} id */
  #unknown(id) {
    return [
      element('h2', { class: 'title id' }, id),
      element('p', { class: 'hint' }, 'There is neither a row nor a tunnel of this peer.'),
    ];
  }

  /** @param {import('./tailnet.js').Peer} peer */
  #peer({ id, status, rows, tunnels, links }) {
    const meaning = {
      ok: 'connected',
      lost: 'its connection broke, or its coordinator is silent',
      absent: 'a tunnel leads to it, and it has no node',
    };
    const { now } = this.#tailnet;
    /** @type {Node[]} */
    const content = [
      element('h2', { class: 'title id' }, id),
      element(
        'p',
        { class: 'status' },
        mark(status),
        element('span', { class: `word-${status}` }, status),
        ` – ${meaning[status]}`,
      ),
    ];
    if (rows.length > 0) {
      const lines = rows.map((row) => this.#place(row, now));
      content.push(
        element(
          'h3',
          {},
          rows.length === 1
            ? status === 'ok'
              ? 'Connected at'
              : 'Last seen at'
            : `Seen at ${rows.length} coordinators`,
        ),
        element('ul', { class: 'lines' }, ...lines),
        element('h3', {}, 'Node'),
        element(
          'div',
          { id: 'node' },
          ...(this.#wantsNode === id && this.#nodeOf.startsWith(id) ? this.#node : [this.#nodeButton(id)]),
        ),
      );
    }
    const shownLinks = [...links].slice(0, maxLinks);
    content.push(
      element('h3', {}, links.size === 0 ? 'No tunnels' : counted(tunnels, 'tunnel')),
      element(
        'ul',
        { id: 'links' },
        ...shownLinks.map(([other, link]) => element('li', {}, this.#link(other, link, now))),
      ),
    );
    if (links.size > maxLinks)
      content.push(element('p', { class: 'hint' }, `and those with ${counted(links.size - maxLinks, 'other')}`));
    return content;
  }

  /** @param {import('./tailnet.js').PeerRow} row @param {number} now */
  #place({ coordinatorId, status, writtenAt }, now) {
    const number = this.#tailnet.homeNumber(coordinatorId);
    const swatch = element('span', { class: 'home', 'data-home': String(number % 8) });
    return element(
      'li',
      {},
      element('span', {}, swatch, idText(coordinatorId, true)),
      element('span', { class: `word-${status}` }, status),
      element('span', { class: 'when' }, 'written ', ageOf(writtenAt, now)),
    );
  }

  /** @param {string} other @param {import('./tailnet.js').Link} link @param {number} now */
  #link(other, { isOpened, isOpenedByOther, writtenAt }, now) {
    const status = this.#tailnet.peers.get(other)?.status ?? 'absent';
    const [arrow, meaning] =
      isOpened && isOpenedByOther
        ? ['↔', 'opened by both']
        : isOpened
          ? ['→', 'opened by this peer']
          : ['←', 'opened by the other'];
    return element(
      'button',
      { class: 'link', type: 'button', 'data-peer': other, title: `${other}: ${status}; ${meaning}` },
      element('span', { class: 'arrow', role: 'img', 'aria-label': meaning }, arrow),
      mark(status),
      element('span', {}, idText(other), element('span', { class: 'unseen' }, status)),
      element('span', { class: 'when' }, ageOf(writtenAt, now)),
    );
  }

  /** @param {string} id */
  #nodeButton(id) {
    return element('button', { class: 'plain', type: 'button', id: 'show-node', 'data-of': id }, 'Show its node');
  }

  /** @param {string} id */
  async #showNode(id) {
    this.#wantsNode = id;
    const peer = this.#tailnet.peers.get(id);
    const version = `${id} ${peer?.writtenAt ?? 0} ${peer?.status ?? ''}`;
    this.#nodeOf = version;
    const content = await nodeContent(id);
    // Somebody may have gone on to another peer, or it to another node.
    if (this.#nodeOf !== version) return;
    this.#node = content;
    document.getElementById('node')?.replaceChildren(...content);
  }
}

/** @param {string} id @returns {Promise<Node[]>} */
async function nodeContent(id) {
  try {
    const response = await ask(`peers/${encodeURIComponent(id)}`);
    if (!response.ok) return [element('p', { class: 'problem' }, (await response.text()).trim())];
    const { node } = await response.json();
    if (node === null) return [element('p', { class: 'hint' }, 'It has no node.')];
    const known = Object.keys(names).filter((name) => name in node);
    const others = Object.keys(node).filter((name) => !(name in names));
    if (known.length + others.length === 0) return [element('p', { class: 'hint' }, 'Its node is empty.')];
    const lines = [...known, ...others].flatMap((name) => [
      element('dt', {}, names[name] ?? name),
      element('dd', { 'data-field': name }, ...texts(node[name]).map((text) => element('p', {}, text))),
    ]);
    return [element('dl', { class: 'facts-of' }, ...lines)];
  } catch {
    return [element('p', { class: 'problem' }, 'the coordinator cannot be reached')];
  }
}

/** What a field says, line by line. @param {unknown} value @returns {string[]} */
function texts(value) {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).map(
    ([key, each]) => `${key}: ${typeof each === 'number' ? `${Number((each * 1000).toFixed(1))} ms` : String(each)}`,
  );
}
