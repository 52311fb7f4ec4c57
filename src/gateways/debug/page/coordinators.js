// @ts-check
import { ageOf, byId, counted, element, idText } from './elements.js';

/** A coordinator that says nothing for so long is silent. */
const expiry = 6000;

/** One card for each coordinator. Choosing one shows only its peers; choosing it again, all. */
export class Coordinators {
  #list = byId('coordinators');
  #tailnet;
  /** The chosen one; empty: none. */
  chosen = '';

  /**
   * @param {import('./tailnet.js').Tailnet} tailnet
   * @param {() => void} onChoose
   */
  constructor(tailnet, onChoose) {
    this.#tailnet = tailnet;
    this.#list.addEventListener('click', ({ target }) => {
      const card = target instanceof Element ? target.closest('button') : null;
      const id = card?.dataset['coordinator'];
      if (id === undefined) return;
      this.chosen = this.chosen === id ? '' : id;
      onChoose();
    });
  }

  show() {
    const { coordinators, peers, now } = this.#tailnet;
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { home } of peers.values()) counts.set(home, (counts.get(home) ?? 0) + 1);
    if (!coordinators.some(({ id }) => id === this.chosen)) this.chosen = '';
    const cards = new Map(
      [...this.#list.querySelectorAll('button')].map((card) => [card.dataset['coordinator'], card.parentElement]),
    );
    // Those that are silent come last: they may be many, of days ago.
    const ordered = coordinators.toSorted((one, other) => Number(other.isLive) - Number(one.isLive));
    const items = ordered.map(({ id, isLive, heartbeatAt }) => {
      const item =
        cards.get(id) ??
        element(
          'li',
          {},
          element('button', { class: 'coordinator', type: 'button', 'data-coordinator': id, title: id }),
        );
      const card = /** @type {HTMLElement} */ (item.firstElementChild);
      card.setAttribute('aria-pressed', String(this.chosen === id));
      card.dataset['live'] = String(isLive);
      const state = isLive ? 'live' : 'silent';
      card.replaceChildren(
        element(
          'span',
          { class: 'top' },
          element(
            'span',
            {},
            element('span', { class: 'home', 'data-home': String(this.#tailnet.homeNumber(id) % 8) }),
            idText(id, true),
          ),
          element('span', { class: `word-${state}` }, state),
        ),
        element('div', { class: 'beat', 'data-beat': String(heartbeatAt) }, element('i')),
        element(
          'span',
          { class: 'facts' },
          element('span', {}, counted(counts.get(id) ?? 0, 'peer')),
          element('span', {}, element('span', { class: 'unseen' }, 'heartbeat '), '♥\u00a0', ageOf(heartbeatAt, now)),
        ),
      );
      return item;
    });
    if (
      items.some((item, index) => this.#list.children[index] !== item) ||
      items.length !== this.#list.children.length
    ) {
      const focused = document.activeElement;
      this.#list.replaceChildren(...items);
      if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus();
    }
    this.beat();
  }

  /** Shows how much of the time is left in which each must be heard of. */
  beat() {
    const { now } = this.#tailnet;
    for (const bar of /** @type {NodeListOf<HTMLElement>} */ (this.#list.querySelectorAll('[data-beat]'))) {
      const left = 1 - (now - Number(bar.dataset['beat'])) / expiry;
      const [fill] = /** @type {HTMLCollectionOf<HTMLElement>} */ (bar.children);
      if (fill) fill.style.width = left <= 0 ? '100%' : `${Math.round(Math.min(1, left) * 100)}%`;
    }
  }
}
