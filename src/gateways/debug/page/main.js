// @ts-check
import { Coordinators } from './coordinators.js';
import { Details } from './details.js';
import { byId, element, idText, showAges } from './elements.js';
import { giveToken, hasToken, listen, takeToken } from './live.js';
import { Mesh } from './mesh.js';
import { PeerList } from './peerList.js';
import { chosenPeers } from './search.js';
import { Tailnet } from './tailnet.js';

takeToken();

const tailnet = new Tailnet();
const search = /** @type {HTMLInputElement} */ (byId('search'));
const sort = /** @type {HTMLSelectElement} */ (byId('sort'));
const door = /** @type {HTMLDialogElement} */ (byId('door'));
let selected = new URLSearchParams(location.hash.slice(1)).get('peer') ?? '';
/** Why there is nothing new; empty: there is. */
let trouble = '';
let isLive = false;

const list = new PeerList(
  tailnet,
  (id) => select(id, true),
  () => details.focus(),
);
const mesh = new Mesh(tailnet, (id) => select(id, true));
const details = new Details(tailnet, (id) => select(id, true));
const coordinators = new Coordinators(tailnet, () => {
  coordinators.show();
  showPeers();
});

const connection = listen({
  onEvent: ({ event, data }) => {
    if (door.open) door.close();
    isLive = true;
    if (event === 'trouble') trouble = data.reason;
    else {
      trouble = '';
      if (event === 'overview') tailnet.replace(data);
      else tailnet.change(data);
    }
    showAll();
  },
  onAway: ({ isRefused, reason }) => {
    isLive = false;
    // Where a page may not come from, no token helps.
    const needsToken = isRefused && !reason.startsWith('pages of the origin');
    trouble = needsToken ? 'it takes a token to look' : reason;
    if (needsToken) openDoor(reason);
    showState();
  },
});

/** @param {string} reason */
function openDoor(reason) {
  if (hasToken()) byId('door-reason').replaceChildren(`That token does not open: ${reason}.`);
  giveToken('');
  if (!door.open) door.showModal();
}

// There is nothing to see behind it.
door.addEventListener('cancel', (event) => event.preventDefault());
byId('door-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = /** @type {HTMLInputElement} */ (byId('token'));
  giveToken(token.value);
  token.value = '';
  connection.again();
});

/** @param {string} id @param {boolean} isShown */
function select(id, isShown) {
  selected = id;
  history.replaceState(null, '', id === '' ? location.pathname : `#peer=${encodeURIComponent(id)}`);
  list.select(id, isShown);
  details.show(id);
  showMesh();
}

/** @param {string} name @returns {string} */
function chosen(name) {
  const input = /** @type {HTMLInputElement | null} */ (document.querySelector(`input[name="${name}"]:checked`));
  return input?.value ?? 'all';
}

function showMesh() {
  const near = /** @type {HTMLInputElement} */ (document.querySelector('input[name="view"][value="near"]'));
  near.disabled = !tailnet.peers.has(selected);
  mesh.show(selected, !near.disabled && chosen('view') === 'near');
}

function showPeers() {
  const wanted = { query: search.value, status: chosen('status'), home: coordinators.chosen, order: sort.value };
  const peers = chosenPeers(tailnet, wanted);
  const all = tailnet.counts.ok + tailnet.counts.lost;
  const isAll = wanted.query.trim() === '' && wanted.status === 'all' && wanted.home === '';
  byId('peers-count').textContent = isAll
    ? all.toLocaleString('en')
    : `${peers.length.toLocaleString('en')} of ${all.toLocaleString('en')}`;
  const empty = byId('empty');
  empty.hidden = peers.length > 0;
  empty.textContent = tailnet.readAt === 0 ? '' : isAll ? 'No peer has connected yet.' : 'No peer is like that.';
  list.show(peers);
}

function showTotals() {
  const live = tailnet.coordinators.filter((coordinator) => coordinator.isLive).length;
  const silent = tailnet.coordinators.length - live;
  byId('total-coordinators').textContent = String(live);
  byId('word-coordinators').replaceChildren(
    `${live === 1 ? 'coordinator' : 'coordinators'} live`,
    ...(silent > 0 ? [', ', element('span', { class: 'word-silent' }, `${silent} silent`)] : []),
  );
  byId('total-ok').textContent = tailnet.counts.ok.toLocaleString('en');
  byId('total-lost').textContent = tailnet.counts.lost.toLocaleString('en');
  byId('total-tunnels').textContent = tailnet.tunnels.toLocaleString('en');
  document.title = `tailnet: ${tailnet.counts.ok} ok, ${tailnet.counts.lost} lost`;
}

function showState() {
  const [state, word] = !isLive
    ? trouble === ''
      ? ['connecting', 'connecting']
      : ['away', 'not connected']
    : trouble === ''
      ? ['live', 'live']
      : ['trouble', 'database away'];
  byId('state').dataset['state'] = state;
  const said = byId('state-word');
  if (said.textContent !== word) said.textContent = word ?? '';
  const readAt = byId('read-at');
  byId('read').hidden = tailnet.readAt === 0;
  readAt.dataset['at'] = String(tailnet.readAt);
  byId('read-by').replaceChildren(idText(tailnet.answeredBy, true));
  const banner = byId('banner');
  const partial = tailnet.isPartial ? 'There is more than is shown here: this is the first part of each table.' : '';
  const sentence = trouble.charAt(0).toUpperCase() + trouble.slice(1);
  const text = trouble === '' ? partial : `${sentence}. ${tailnet.readAt === 0 ? '' : 'What you see was read before.'}`;
  banner.dataset['kind'] = trouble === '' ? 'notice' : 'trouble';
  banner.hidden = text === '';
  if (banner.textContent !== text) banner.textContent = text;
}

function showAll() {
  showState();
  showTotals();
  coordinators.show();
  showPeers();
  details.show(selected);
  showMesh();
  showAges(tailnet.now);
}

search.addEventListener('input', showPeers);
search.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
  event.preventDefault();
  list.focus();
});
sort.addEventListener('change', showPeers);
byId('filter').addEventListener('change', showPeers);
byId('view').addEventListener('change', showMesh);

/** They choose a peer wherever nothing else has the focus that would want them. */
const arrows = new Set(['ArrowDown', 'ArrowUp']);

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || door.open) return;
  const isTyping = event.target instanceof HTMLInputElement && ['search', 'password'].includes(event.target.type);
  if (event.key === 'Escape') goBack(isTyping);
  else if (isTyping) return;
  else if (event.key === '/') search.focus();
  else if (event.key === 'm') toggleView();
  else if (arrows.has(event.key) && event.target === document.body) list.focus();
  else return;
  event.preventDefault();
});

/** One step: out of the search, out of the surroundings of a peer, away from the peer. @param {boolean} isTyping */
function goBack(isTyping) {
  if (isTyping && search.value !== '') {
    search.value = '';
    showPeers();
  } else if (isTyping) search.blur();
  else if (chosen('view') === 'near') toggleView();
  else select('', false);
}

function toggleView() {
  const other = chosen('view') === 'near' || !tailnet.peers.has(selected) ? 'all' : 'near';
  const input = /** @type {HTMLInputElement} */ (document.querySelector(`input[name="view"][value="${other}"]`));
  input.checked = true;
  showMesh();
}

setInterval(() => {
  showAges(tailnet.now);
  coordinators.beat();
}, 1000);
showState();
details.show('');
