import { meshAddress } from '../agent/meshAddress.js';
import type { HostScene, PingScene, Scene } from './scene.js';
import { coordinators, hostNamed } from './topology.js';

/** The scene as lines of text, each at most so wide. */
export const picture = (scene: Scene, width = 100): readonly string[] =>
  [
    ...[...scene.coordinators].map(
      ([name, state]) =>
        `  ${signs[state]} ${column(name)}${column(coordinators[name])}${column(state)}${at(scene, name)}`,
    ),
    '',
    ...[...scene.hosts].map(
      ([name, host]) =>
        `  ${signs[host.agent]} ${column(name)}${column(host.address)}${column(host.agent)}${meshAddress(hostNamed(name).id)}`,
    ),
    '',
    ...[...scene.pings].map(([pair, pings]) => tunnelLine(scene, pair, pings)),
    '',
    ...scene.step.split('\n').map((line) => `  ${line}`),
    ...scene.news.map((line) => `    ${line}`),
  ].map((line) => line.slice(0, width).trimEnd());

const signs = { starting: '·', live: '●', running: '●', left: '○', killed: '✗' } as const;

const column = (text: string): string => text.padEnd(13);

/** Who is connected there. */
const at = ({ hosts }: Scene, name: string): string =>
  [...hosts].flatMap(([host, { coordinator }]) => (coordinator === name ? [host] : [])).join(', ');

/** The tunnel as the one who pings is told of it. */
const tunnelLine = ({ hosts }: Scene, pair: string, { sent, lost, isOver }: PingScene): string => {
  const [from = '', to = ''] = pair.split(' ');
  const status = statusOf(new Map<string, HostScene>(hosts).get(from), to);
  const count = sent === 0 ? '' : `${String(sent).padStart(5)} pings, ${lost} lost${isOver ? ', no more' : ''}`;
  return `  ${from.padStart(7)} ${links[status]} ${column(to)}${column(status === 'none' ? '' : status)}${count}`;
};

const links = { ok: '═══════', lost: '╌╌╌╌╌╌╌', none: '       ' } as const;

const statusOf = (host: HostScene | undefined, to: string): 'ok' | 'lost' | 'none' => host?.peers.get(to) ?? 'none';
