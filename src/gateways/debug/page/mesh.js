// @ts-check
import { byId, counted, element, idText } from './elements.js';
import { Places, around } from './meshLayout.js';

/** Pixels. */
const padding = 34;
const maxScale = 46;
const reach = 12;
/** Lines in one go: longer paths take longer than their lines. */
const piece = 400;
/** Where there are more lines than these, those of the selected peer stand alone: it could not be seen among them. */
const maxLinesBeside = 2000;

/** The picture of the mesh: each coordinator a circle, each peer a dot in it, each tunnel a line. */
export class Mesh {
  #canvas = /** @type {HTMLCanvasElement} */ (byId('mesh'));
  #tip = element('p', { class: 'tip', hidden: '', 'aria-hidden': 'true' });
  #places = new Places();
  #tailnet;
  #selected = '';
  /** Whether only the selected peer is drawn, and what is around it. */
  #isNear = false;
  /** @type {import('./meshLayout.js').Layout} */
  #layout = { points: new Map(), circles: [], isLabelled: false };
  /** From units to pixels. */
  #view = { scale: 1, x: 0, y: 0 };
  #isScheduled = false;

  /**
   * @param {import('./tailnet.js').Tailnet} tailnet
   * @param {(id: string) => void} onSelect
   */
  constructor(tailnet, onSelect) {
    this.#tailnet = tailnet;
    this.#canvas.after(this.#tip);
    new ResizeObserver(() => this.#schedule()).observe(this.#canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#schedule());
    this.#canvas.addEventListener('pointermove', (event) => this.#point(this.#peerAt(event)));
    this.#canvas.addEventListener('pointerleave', () => this.#point(''));
    this.#canvas.addEventListener('click', (event) => onSelect(this.#peerAt(event)));
  }

  /** Draws what there is now. @param {string} selected @param {boolean} isNear */
  show(selected, isNear) {
    this.#selected = selected;
    this.#isNear = isNear;
    const peer = isNear ? this.#tailnet.peers.get(selected) : undefined;
    this.#layout = peer ? around(peer) : this.#places.layout(this.#tailnet);
    const { coordinators, counts } = this.#tailnet;
    const all = `${counted(coordinators.length, 'coordinator')}, ${counted(counts.ok + counts.lost, 'peer')}, ${counted(this.#tailnet.tunnels, 'tunnel')}`;
    this.#canvas.setAttribute(
      'aria-label',
      peer ? `Peer ${selected} and ${counted(peer.links.size, 'other')} around it` : `The mesh: ${all}`,
    );
    this.#schedule();
  }

  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#draw();
    });
  }

  /** @param {MouseEvent} event the id of the peer there; empty if there is none */
  #peerAt({ offsetX, offsetY }) {
    let nearest = '';
    let least = reach ** 2;
    for (const [id, point] of this.#layout.points) {
      const { x, y } = this.#pixel(point);
      const distance = (x - offsetX) ** 2 + (y - offsetY) ** 2;
      if (distance < least) [nearest, least] = [id, distance];
    }
    return nearest;
  }

  /** @param {string} id */
  #point(id) {
    const point = this.#layout.points.get(id);
    this.#canvas.dataset['over'] = String(point !== undefined);
    this.#tip.hidden = point === undefined;
    if (!point) return;
    const { x, y } = this.#pixel(point);
    const peer = this.#tailnet.peers.get(id);
    this.#tip.replaceChildren(idText(id), ` ${peer?.status ?? ''}, ${counted(peer?.tunnels ?? 0, 'tunnel')}`);
    this.#tip.dataset['side'] = x > this.#canvas.clientWidth / 2 ? 'left' : 'right';
    this.#tip.style.left = `${x}px`;
    this.#tip.style.top = `${y}px`;
  }

  /** @param {import('./meshLayout.js').Point} point */
  #pixel({ x, y }) {
    const { scale, x: left, y: top } = this.#view;
    return { x: left + x * scale, y: top + y * scale };
  }

  #draw() {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = Math.min(devicePixelRatio, 2);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    context.scale(ratio, ratio);
    this.#fit(width, height);
    const ink = inks();
    const near = this.#tailnet.peers.get(this.#selected)?.links;
    const radius = Math.min(8, Math.max(1.3, this.#view.scale * 0.3));
    this.#drawCircles(context, ink);
    this.#drawLines(context, ink, near !== undefined);
    this.#drawPeers(context, ink, radius, near);
    this.#drawLabels(context, ink, radius, near);
  }

  /** @param {number} width @param {number} height */
  #fit(width, height) {
    const { points, circles } = this.#layout;
    const extents = [...circles, ...[...points.values()].map((point) => ({ ...point, radius: 0.8 }))];
    if (extents.length === 0) return;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { x, y, radius } of extents) {
      left = Math.min(left, x - radius);
      right = Math.max(right, x + radius);
      top = Math.min(top, y - radius);
      bottom = Math.max(bottom, y + radius);
    }
    const scale = Math.max(
      0.1,
      Math.min(maxScale, (width - 2 * padding) / (right - left), (height - 2 * padding) / (bottom - top)),
    );
    this.#view = { scale, x: width / 2 - (scale * (left + right)) / 2, y: height / 2 - (scale * (top + bottom)) / 2 };
  }

  /** @param {CanvasRenderingContext2D} context @param {Ink} ink */
  #drawCircles(context, ink) {
    for (const circle of this.#layout.circles) {
      const { x, y } = this.#pixel(circle);
      const colour = this.#colour(circle.home, ink);
      const live = this.#tailnet.coordinators.find(({ id }) => id === circle.home)?.isLive;
      context.beginPath();
      context.arc(x, y, circle.radius * this.#view.scale, 0, 2 * Math.PI);
      context.globalAlpha = 0.07;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = 0.5;
      context.setLineDash(live === true ? [] : [5, 5]);
      context.lineWidth = 1.2;
      context.strokeStyle = colour;
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {boolean} isAnySelected */
  #drawLines(context, ink, isAnySelected) {
    const { points } = this.#layout;
    const { pairs } = this.#tailnet;
    const isOf = (/** @type {string} */ id) => id === this.#selected;
    const others = !isAnySelected
      ? pairs
      : pairs.length > maxLinesBeside
        ? []
        : pairs.filter(([one, other]) => !isOf(one) && !isOf(other));
    const own = isAnySelected ? pairs.filter(([one, other]) => isOf(one) || isOf(other)) : [];
    const strength = Math.min(0.5, Math.max(0.02, 6 / Math.sqrt(others.length + 1))) * (isAnySelected ? 0.4 : 1);
    for (const [drawn, style, width] of /** @type {const} */ ([
      [others, `rgba(${ink.edge}, ${strength})`, 1],
      [own, ink.accent, 1.5],
    ])) {
      context.strokeStyle = style;
      context.lineWidth = width;
      for (let start = 0; start < drawn.length; start += piece) {
        context.beginPath();
        for (const [one, other] of drawn.slice(start, start + piece)) {
          const [from, to] = [points.get(one), points.get(other)];
          if (!from || !to) continue;
          const [a, b] = [this.#pixel(from), this.#pixel(to)];
          // A little towards the middle, so that lines between circles are not all one line.
          const middle = this.#pixel({ x: (from.x + to.x) * 0.36, y: (from.y + to.y) * 0.36 });
          context.moveTo(a.x, a.y);
          if (this.#isNear) context.lineTo(b.x, b.y);
          else context.quadraticCurveTo(middle.x, middle.y, b.x, b.y);
        }
        context.stroke();
      }
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ink} ink
   * @param {number} radius
   * @param {Map<string, unknown> | undefined} near
   */
  #drawPeers(context, ink, radius, near) {
    for (const [id, point] of this.#layout.points) {
      const peer = this.#tailnet.peers.get(id);
      if (!peer) continue;
      const { x, y } = this.#pixel(point);
      context.globalAlpha = near && id !== this.#selected && !near.has(id) ? 0.22 : 1;
      context.beginPath();
      context.arc(x, y, peer.status === 'ok' ? radius : radius * 0.85, 0, 2 * Math.PI);
      if (peer.status === 'ok') {
        context.fillStyle = this.#colour(peer.home, ink);
        context.fill();
      } else {
        context.fillStyle = ink.pane;
        context.fill();
        context.lineWidth = peer.status === 'lost' ? Math.max(1, radius * 0.38) : 1;
        context.strokeStyle = peer.status === 'lost' ? ink.lost : ink.absent;
        context.setLineDash(peer.status === 'lost' ? [] : [2, 2]);
        context.stroke();
        context.setLineDash([]);
      }
    }
    context.globalAlpha = 1;
    const chosen = this.#layout.points.get(this.#selected);
    if (!chosen) return;
    const { x, y } = this.#pixel(chosen);
    context.beginPath();
    context.arc(x, y, radius + 4, 0, 2 * Math.PI);
    context.lineWidth = 2.5;
    context.strokeStyle = ink.accent;
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ink} ink
   * @param {number} radius
   * @param {Map<string, unknown> | undefined} near
   */
  #drawLabels(context, ink, radius, near) {
    context.textAlign = 'center';
    context.lineJoin = 'round';
    context.lineWidth = 3;
    context.strokeStyle = ink.halo;
    /** @param {string} text @param {number} x @param {number} y @param {string} colour */
    const label = (text, x, y, colour) => {
      context.strokeText(text, x, y);
      context.fillStyle = colour;
      context.fillText(text, x, y);
    };
    context.font = `600 12px ${ink.mono}`;
    /** Where names are already: those of the largest circles come first. @type {{ x: number, y: number, width: number }[]} */
    const written = [];
    for (const circle of this.#layout.circles.toSorted((one, other) => other.count - one.count)) {
      const { x, y: middle } = this.#pixel(circle);
      const y = middle - circle.radius * this.#view.scale - 8;
      const name = `${circle.home === '' ? 'absent' : circle.home.slice(0, 8)} · ${circle.count.toLocaleString('en')}`;
      const { width } = context.measureText(name);
      const isHidden = written.some(
        (each) => Math.abs(each.x - x) < (each.width + width) / 2 && Math.abs(each.y - y) < 14,
      );
      if (isHidden) continue;
      label(name, x, y, this.#colour(circle.home, ink));
      written.push({ x, y, width });
    }
    context.font = `11px ${ink.mono}`;
    for (const [id, point] of this.#layout.points) {
      const isNamed =
        this.#layout.isLabelled || id === this.#selected || (near !== undefined && near.size <= 12 && near.has(id));
      if (!isNamed) continue;
      const { x, y } = this.#pixel(point);
      const isFaint = near && id !== this.#selected && !near.has(id);
      label(id.slice(0, 8), x, y + radius + 13, isFaint ? ink.absent : id === this.#selected ? ink.accent : ink.text);
    }
  }

  /** @param {string} home @param {Ink} ink */
  #colour(home, ink) {
    return ink.homes[this.#tailnet.homeNumber(home) % 8] ?? ink.absent;
  }
}

/** The colours of now: dark or light. @typedef {ReturnType<typeof inks>} Ink */
function inks() {
  const style = getComputedStyle(document.documentElement);
  const ink = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const homes = Array.from({ length: 8 }, (_, index) => ink(`home${index}`));
  return {
    homes,
    ...{ pane: ink('pane'), text: ink('text'), accent: ink('accent'), edge: ink('edge'), halo: ink('halo') },
    ...{ lost: ink('lost'), absent: ink('absent'), mono: ink('mono') },
  };
}
