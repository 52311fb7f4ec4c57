// @ts-check

/**
 * What the server tells: its own types.
 * @typedef {import('../../../db/overview.js').OverviewCoordinator} Coordinator
 * @typedef {import('../../../db/overview.js').OverviewPeer} PeerRow
 * @typedef {import('../../../db/overview.js').OverviewTunnel} TunnelRow
 * @typedef {import('../../../db/overview.js').Overview & { answeredBy: string }} Overview
 * @typedef {import('../overviewChanges.js').OverviewChanges} OverviewChanges
 */

/**
 * A peer with all of its rows; the one that counts is first. Absent: there is none, only tunnels that lead to it.
 * @typedef {{ id: string, status: 'ok' | 'lost' | 'absent', rows: PeerRow[], writtenAt: number, home: string, tunnels: number, links: Map<string, Link> }} Peer
 */

/**
 * What one peer shares with another: who opened it, and when that was last written.
 * @typedef {{ isOpened: boolean, isOpenedByOther: boolean, writtenAt: number }} Link
 */

/** @param {PeerRow} row */
const peerKey = ({ id, coordinatorId }) => `${id} ${coordinatorId}`;
/** @param {TunnelRow} row */
const tunnelKey = ({ src, dst, coordinatorId }) => `${src} ${dst} ${coordinatorId}`;

/** What the server has told of the mesh so far. */
export class Tailnet {
  answeredBy = '';
  isPartial = false;
  readAt = 0;
  /** @type {Coordinator[]} In the order of their ids: who has a place and a colour keeps it. */
  coordinators = [];
  /** @type {Map<string, Peer>} In the order of their ids. */
  peers = new Map();
  /** @type {Record<'ok' | 'lost' | 'absent', number>} */
  counts = { ok: 0, lost: 0, absent: 0 };
  tunnels = 0;
  /** Pairs of peers with a tunnel between them, whoever opened it. @type {[string, string][]} */
  pairs = [];

  /** @type {Map<string, number>} */
  #homeNumbers = new Map();
  #receivedAt = 0;
  /** @type {Map<string, PeerRow>} */
  #peerRows = new Map();
  /** @type {Map<string, TunnelRow>} */
  #tunnelRows = new Map();

  /** The time of the database now, as far as can be known here; the clock of this machine does not matter. */
  get now() {
    return this.readAt + performance.now() - this.#receivedAt;
  }

  /** @param {Overview} overview */
  replace({ answeredBy, peers, tunnels, ...head }) {
    this.answeredBy = answeredBy;
    this.#peerRows = new Map(peers.map((row) => [peerKey(row), row]));
    this.#tunnelRows = new Map(tunnels.map((row) => [tunnelKey(row), row]));
    this.#conclude(head);
  }

  /** @param {OverviewChanges} changes */
  change({ peers, tunnels, ...head }) {
    for (const row of peers.gone) this.#peerRows.delete(peerKey(row));
    for (const row of peers.written) this.#peerRows.set(peerKey(row), row);
    for (const row of tunnels.gone) this.#tunnelRows.delete(tunnelKey(row));
    for (const row of tunnels.written) this.#tunnelRows.set(tunnelKey(row), row);
    const isQuiet = [peers, tunnels].every(({ written, gone }) => written.length + gone.length === 0);
    this.#conclude(head, isQuiet);
  }

  /** Its place among the coordinators; -1 if it is none. @param {string} coordinatorId */
  homeNumber(coordinatorId) {
    return this.#homeNumbers.get(coordinatorId) ?? -1;
  }

  /**
   * @param {Pick<Overview, 'readAt' | 'isPartial' | 'coordinators'>} head
   * @param {boolean} isQuiet
   */
  #conclude({ readAt, isPartial, coordinators }, isQuiet = false) {
    this.readAt = readAt;
    this.#receivedAt = performance.now();
    this.isPartial = isPartial;
    this.coordinators = coordinators.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    this.#homeNumbers = new Map(this.coordinators.map(({ id }, index) => [id, index]));
    if (!isQuiet) this.#derive();
  }

  #derive() {
    /** @type {Map<string, Peer>} */
    const peers = new Map();
    /** @param {string} id */
    const peer = (id) => {
      let found = peers.get(id);
      if (!found) {
        found = { id, status: 'absent', rows: [], writtenAt: 0, home: '', tunnels: 0, links: new Map() };
        peers.set(id, found);
      }
      return found;
    };
    for (const row of this.#peerRows.values()) peer(row.id).rows.push(row);
    for (const found of peers.values()) {
      found.rows.sort(
        (one, other) =>
          Number(one.status === 'lost') - Number(other.status === 'lost') || other.writtenAt - one.writtenAt,
      );
      const [best] = found.rows;
      if (best) Object.assign(found, { status: best.status, writtenAt: best.writtenAt, home: best.coordinatorId });
    }
    for (const { src, dst, writtenAt } of this.#tunnelRows.values()) {
      link(peer(src), dst, 'isOpened', writtenAt);
      link(peer(dst), src, 'isOpenedByOther', writtenAt);
    }
    this.counts = { ok: 0, lost: 0, absent: 0 };
    this.pairs = [];
    this.tunnels = 0;
    for (const peer of peers.values()) {
      this.counts[peer.status]++;
      for (const [other, { isOpened, isOpenedByOther }] of peer.links) {
        if (peer.id < other) this.pairs.push([peer.id, other]);
        this.tunnels += Number(isOpened);
        peer.tunnels += Number(isOpened) + Number(isOpenedByOther);
      }
    }
    this.peers = new Map([...peers].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/**
 * @param {Peer} peer
 * @param {string} other
 * @param {'isOpened' | 'isOpenedByOther'} side
 * @param {number} writtenAt
 */
function link({ links }, other, side, writtenAt) {
  const known = links.get(other) ?? { isOpened: false, isOpenedByOther: false, writtenAt: 0 };
  links.set(other, { ...known, [side]: true, writtenAt: Math.max(known.writtenAt, writtenAt) });
}
