// @ts-check
import { ageOf, byId, counted, element, idText, mark } from './elements.js';

/** Pixels; the style sheet says the same. */
const rowHeight = 54;
/** Rows above and below those that can be seen, so that scrolling does not show where they end. */
const margin = 8;

/**
 * The list of peers: as long as it takes, and made of no more rows than can be seen. One of them may be selected.
 */
export class PeerList {
  #list = byId('list');
  #rows = byId('rows');
  /** @type {import('./tailnet.js').Peer[]} */
  #peers = [];
  /** @type {Map<string, HTMLElement>} */
  #made = new Map();
  #selected = '';
  #tailnet;
  #onSelect;

  /**
   * @param {import('./tailnet.js').Tailnet} tailnet
   * @param {(id: string) => void} onSelect
   * @param {() => void} onEnter
   */
  constructor(tailnet, onSelect, onEnter) {
    this.#tailnet = tailnet;
    this.#onSelect = onSelect;
    this.#list.addEventListener('scroll', () => this.#draw(false), { passive: true });
    new ResizeObserver(() => this.#draw(false)).observe(this.#list);
    this.#list.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('.row') : null;
      if (row instanceof HTMLElement) onSelect(row.dataset['peer'] ?? '');
    });
    this.#list.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === 'Enter') onEnter();
      else if (!this.#move(event.key)) return;
      event.preventDefault();
    });
  }

  /** Goes to the list, and to a peer in it. */
  focus() {
    this.#list.focus();
    if (!this.#peers.some(({ id }) => id === this.#selected)) this.#move('Home');
  }

  /** @param {import('./tailnet.js').Peer[]} peers */
  show(peers) {
    this.#peers = peers;
    this.#rows.style.height = `${peers.length * rowHeight}px`;
    this.#draw(true);
  }

  /** @param {string} id @param {boolean} isShown whether it is scrolled to */
  select(id, isShown) {
    this.#selected = id;
    if (isShown) this.#reveal(this.#peers.findIndex((peer) => peer.id === id));
    this.#draw(false);
  }

  /** @param {string} key */
  #move(key) {
    const page = Math.max(1, Math.floor(this.#list.clientHeight / rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = /** @type {Record<string, number>} */ (steps)[key];
    if (step === undefined || this.#peers.length === 0) return false;
    const from = this.#peers.findIndex(({ id }) => id === this.#selected);
    const to = Math.min(Math.max((from < 0 && step === -1 ? 1 : from) + step, 0), this.#peers.length - 1);
    const peer = this.#peers[to];
    if (peer) this.#onSelect(peer.id);
    return true;
  }

  /** @param {number} index */
  #reveal(index) {
    if (index < 0) return;
    const top = index * rowHeight;
    const { scrollTop, clientHeight } = this.#list;
    if (top < scrollTop) this.#list.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.#list.scrollTop = top + rowHeight - clientHeight;
  }

  /** @param {boolean} isNew whether what is said of the peers may have changed */
  #draw(isNew) {
    const { scrollTop, clientHeight } = this.#list;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - margin);
    const last = Math.min(this.#peers.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + margin);
    const old = this.#made;
    this.#made = new Map();
    for (let index = first; index < last; index++) {
      const peer = this.#peers[index];
      if (!peer) continue;
      const row = old.get(peer.id) ?? element('div', { class: 'row', role: 'option', id: `peer-${peer.id}` });
      if (isNew || !old.has(peer.id)) this.#fill(row, peer, index);
      row.setAttribute('aria-selected', String(peer.id === this.#selected));
      old.delete(peer.id);
      this.#made.set(peer.id, row);
      if (!row.parentNode) this.#rows.append(row);
    }
    for (const row of old.values()) row.remove();
    if (this.#made.has(this.#selected)) this.#list.setAttribute('aria-activedescendant', `peer-${this.#selected}`);
    else this.#list.removeAttribute('aria-activedescendant');
  }

  /**
   * @param {HTMLElement} row
   * @param {import('./tailnet.js').Peer} peer
   * @param {number} index
   */
  #fill(row, { id, status, home, writtenAt, tunnels }, index) {
    row.style.transform = `translateY(${index * rowHeight}px)`;
    row.dataset['peer'] = id;
    row.setAttribute('aria-posinset', String(index + 1));
    row.setAttribute('aria-setsize', String(this.#peers.length));
    const number = this.#tailnet.homeNumber(home);
    const where = element('span', { class: 'where' }, element('span', { class: `word-${status}` }, status));
    if (home !== '') {
      const swatch = element('span', { class: 'home', 'data-home': String(number % 8) });
      where.append(' at ', swatch, element('span', { class: 'id' }, home.slice(0, 8)));
    }
    row.replaceChildren(
      mark(status),
      idText(id),
      element('span', { class: 'tunnels' }, counted(tunnels, 'tunnel')),
      where,
      element('span', { class: 'when' }, ...(writtenAt > 0 ? [ageOf(writtenAt, this.#tailnet.now)] : [])),
    );
  }
}
