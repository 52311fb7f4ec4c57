// @ts-check

/**
 * Where everything is, in units of which one is about the room of a peer.
 * @typedef {{ x: number, y: number }} Point
 * @typedef {Point & { home: string, radius: number, count: number }} Circle the peers of one coordinator; home is empty for those of none
 * @typedef {{ points: Map<string, Point>, circles: Circle[], isLabelled: boolean }} Layout
 */

const goldenAngle = Math.PI * (3 - Math.sqrt(5));
/** Between circles. */
const gap = 3.2;
/** So many names can be read at once. */
const maxLabels = 12;
const maxLabelsAround = 32;

/** The places within the circles. Who comes takes a free one, and keeps it: nobody jumps because another came or went. */
export class Places {
  /** @type {Map<string, { taken: Map<string, number>, free: number[] }>} By home. */
  #circles = new Map();

  /** @param {import('./tailnet.js').Tailnet} tailnet @returns {Layout} */
  layout({ peers, coordinators }) {
    /** @type {Map<string, string[]>} */
    const members = new Map(coordinators.filter(({ isLive }) => isLive).map(({ id }) => [id, []]));
    for (const { id, home } of peers.values()) {
      const known = members.get(home);
      if (known) known.push(id);
      else members.set(home, [id]);
    }
    for (const home of this.#circles.keys()) if (!members.has(home)) this.#circles.delete(home);
    const circles = [...members].map(([home, ids]) => {
      const taken = this.#take(home, ids);
      const size = Math.max(0, ...taken.values()) + 1;
      return { home, taken, count: ids.length, radius: 0.95 * Math.sqrt(size) + 1.1, x: 0, y: 0 };
    });
    arrange(circles);
    /** @type {Map<string, Point>} */
    const points = new Map();
    for (const { taken, x, y } of circles) {
      for (const [id, place] of taken) {
        const distance = taken.size === 1 ? 0 : 0.95 * Math.sqrt(place + 0.5);
        points.set(id, {
          x: x + distance * Math.cos(place * goldenAngle),
          y: y + distance * Math.sin(place * goldenAngle),
        });
      }
    }
    return { points, circles, isLabelled: points.size <= maxLabels };
  }

  /** @param {string} home @param {string[]} ids @returns {Map<string, number>} */
  #take(home, ids) {
    /** @type {{ taken: Map<string, number>, free: number[] }} */
    const circle = this.#circles.get(home) ?? { taken: new Map(), free: [] };
    this.#circles.set(home, circle);
    const present = new Set(ids);
    for (const [id, place] of circle.taken) {
      if (present.has(id)) continue;
      circle.taken.delete(id);
      circle.free.push(place);
    }
    circle.free.sort((one, other) => other - one);
    for (const id of ids) {
      if (circle.taken.has(id)) continue;
      const next = circle.taken.size + circle.free.length;
      circle.taken.set(id, circle.free.pop() ?? next);
    }
    return circle.taken;
  }
}

/** Puts circles around the middle, so that none touches another. @param {Circle[]} circles */
function arrange(circles) {
  const count = circles.length;
  if (count < 2) return;
  const widest = Math.max(...circles.map(({ radius }, index) => radius + (circles[(index + 1) % count]?.radius ?? 0)));
  const distance = (widest + gap) / (2 * Math.sin(Math.PI / count));
  for (const [index, circle] of circles.entries()) {
    // Two stand side by side, three on their base.
    const angle = (2 * Math.PI * index) / count + (count === 2 ? Math.PI : -Math.PI / 2);
    circle.x = distance * Math.cos(angle);
    circle.y = distance * Math.sin(angle);
  }
}

/**
 * One peer in the middle, and around it all that it shares tunnels with.
 * @param {import('./tailnet.js').Peer} peer
 * @returns {Layout}
 */
export function around({ id, links }) {
  /** @type {Map<string, Point>} */
  const points = new Map([[id, { x: 0, y: 0 }]]);
  const others = [...links.keys()].sort();
  for (let ring = 1, placed = 0; placed < others.length; ring++) {
    const radius = 1.2 + ring * 2.4;
    const count = Math.min(Math.floor(radius * 3.6), others.length - placed);
    for (const [index, other] of others.slice(placed, placed + count).entries()) {
      const angle = (2 * Math.PI * index) / count;
      points.set(other, { x: radius * Math.cos(angle), y: radius * Math.sin(angle) });
    }
    placed += count;
  }
  return { points, circles: [], isLabelled: points.size <= maxLabelsAround };
}
