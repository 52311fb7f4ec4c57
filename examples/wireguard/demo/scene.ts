import type { AgentEvent } from '../agent/agentEvent.js';
import type { Fact } from './fact.js';
import { unanswered } from './pings.js';
import { coordinators, hosts, nameOf, pingPairs } from './topology.js';
import type { CoordinatorName, Host } from './topology.js';

/** How a host stands. */
export interface HostScene {
  readonly address: string;
  /** Where its agent is connected; undefined while it is not. */
  readonly coordinator: CoordinatorName | undefined;
  readonly agent: 'starting' | 'running' | 'left' | 'killed';
  /** What its coordinator has told of the others, by name. */
  readonly peers: ReadonlyMap<string, 'ok' | 'lost'>;
}

/** How a pinger fares. */
export interface PingScene {
  readonly sent: number;
  /** Of these, all but the last few, for an answer takes its time. */
  readonly lost: number;
  readonly isOver: boolean;
}

/** All that the picture shows. */
export interface Scene {
  readonly step: string;
  readonly coordinators: ReadonlyMap<CoordinatorName, 'starting' | 'live' | 'killed'>;
  readonly hosts: ReadonlyMap<Host['name'], HostScene>;
  /** By `from to`. */
  readonly pings: ReadonlyMap<string, PingScene>;
  /** What happened last, the newest at the end. */
  readonly news: readonly string[];
}

/** Before anything has happened. */
export const firstScene: Scene = {
  step: '',
  coordinators: new Map((Object.keys(coordinators) as CoordinatorName[]).map((name) => [name, 'starting'])),
  hosts: new Map(
    hosts.map(({ name, address }) => [name, { address, coordinator: undefined, agent: 'starting', peers: new Map() }]),
  ),
  pings: new Map(pingPairs.map(([from, to]) => [`${from} ${to}`, { sent: 0, lost: 0, isOver: false }])),
  news: [],
};

/** How many pieces of news the picture has room for. */
const newsShown = 8;

/** Requests whose answers may still be on their way. */
const underway = 2;

/** The scene after this. */
export const nextScene = (scene: Scene, fact: Fact): Scene => {
  const line = newsOf(fact);
  return change(line === undefined ? scene : { ...scene, news: [...scene.news, line].slice(-newsShown) }, fact);
};

const change = (scene: Scene, fact: Fact): Scene => {
  switch (fact.kind) {
    case 'step':
      return { ...scene, step: fact.text };
    case 'holds':
      return scene;
    case 'coordinator':
      return { ...scene, coordinators: new Map(scene.coordinators).set(fact.name, fact.state) };
    case 'address':
      return withHost(scene, fact.host, { address: fact.address });
    case 'agent':
      return withHost(scene, fact.host, afterAgentSaid(scene.hosts.get(fact.host), fact.said));
    case 'ended':
      return withHost(scene, fact.host, { agent: fact.how, coordinator: undefined, peers: new Map() });
    case 'echoes': {
      const { sent } = fact.echoes;
      return withPings(scene, fact, { sent, lost: unanswered(fact.echoes, 0, sent - underway) });
    }
    case 'quiet':
      return withPings(scene, fact, { isOver: true });
  }
};

const afterAgentSaid = (host: HostScene | undefined, said: AgentEvent): Partial<HostScene> => {
  switch (said.event) {
    case 'up':
      return { agent: 'running' };
    case 'connection':
      return { coordinator: said.state === 'connected' ? coordinatorAt(said.url) : undefined };
    case 'peer': {
      const peers = new Map(host?.peers);
      if (said.kind === 'node') peers.set(nameOf(said.peer), 'ok');
      else if (said.kind === 'lost') peers.set(nameOf(said.peer), 'lost');
      else if (said.kind !== 'readyForHandshake') peers.delete(nameOf(said.peer));
      return { peers };
    }
    case 'endpoints':
    case 'wg':
      return {};
  }
};

const withHost = (scene: Scene, name: Host['name'], changed: Partial<HostScene>): Scene => {
  const before = scene.hosts.get(name);
  return before === undefined ? scene : { ...scene, hosts: new Map(scene.hosts).set(name, { ...before, ...changed }) };
};

const withPings = (
  scene: Scene,
  { from, to }: { readonly from: string; readonly to: string },
  changed: Partial<PingScene>,
): Scene => {
  const key = `${from} ${to}`;
  const before = scene.pings.get(key);
  return before === undefined ? scene : { ...scene, pings: new Map(scene.pings).set(key, { ...before, ...changed }) };
};

/** Which coordinator has this URL. */
const coordinatorAt = (url: string): CoordinatorName | undefined =>
  (Object.keys(coordinators) as CoordinatorName[]).find((name) => new URL(url).hostname === coordinators[name]);

/** A fact in a line; undefined for those that only make figures change, and for those that a later one says again. */
export const newsOf = (fact: Fact): string | undefined => {
  switch (fact.kind) {
    case 'step':
    case 'echoes':
    case 'quiet':
      return undefined;
    case 'holds':
      return `✓ ${fact.text}`;
    case 'coordinator':
      return `${fact.name} is ${fact.state}`;
    case 'address':
      return `${fact.host} is at ${fact.address}`;
    case 'ended':
      return `${fact.host}'s agent ${fact.how === 'left' ? 'has left' : 'was killed'}`;
    case 'agent': {
      const line = agentNews(fact.said);
      return line === undefined ? undefined : `${fact.host}: ${line}`;
    }
  }
};

const agentNews = (said: AgentEvent): string | undefined => {
  switch (said.event) {
    case 'up':
      return `${said.interface} is up, with ${said.address}`;
    case 'endpoints':
      return `publishes ${said.endpoints.join(', ')}`;
    case 'connection': {
      const name = said.url === '' ? '' : (coordinatorAt(said.url) ?? said.url);
      if (said.state === 'connected') return `connected to ${name}`;
      return said.state === 'waiting' ? `no connection to ${name}: ${said.reason ?? ''}` : undefined;
    }
    case 'peer':
      return `${nameOf(said.peer)} ${peerWords[said.kind] ?? said.kind} (${said.reason})`;
    case 'wg':
      return `wg ${said.words.map(short).join(' ')}`;
  }
};

const peerWords: Readonly<Record<string, string>> = {
  node: 'NODE',
  lost: 'LOST',
  disconnected: 'DISCONNECTED',
  readyForHandshake: 'READY_FOR_HANDSHAKE',
};

/** A key by its first digits. */
const short = (word: string): string => (/^[\w+/]{43}=$/.test(word) ? `${word.slice(0, 6)}…` : word);
