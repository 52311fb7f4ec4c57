import { startChild } from './childProcess.js';
import type { ChildProcess } from './childProcess.js';

/** How often each pinger sends, in seconds. */
export const pingInterval = 0.1;

/** What is known of the echo requests of one pinger: how many it has sent, and which were answered. */
export interface Echoes {
  readonly sent: number;
  readonly answered: ReadonlySet<number>;
}

/** Before anything is sent. */
export const noEchoes: Echoes = { sent: 0, answered: new Set() };

/**
 * What is known after a line of `ping -O`, which says `icmp_seq=7 ttl=64` of an answer, and `no answer yet for
 * icmp_seq=7`.
 */
export const nextEchoes = ({ sent, answered }: Echoes, line: string): Echoes => {
  const sequence = Number(/icmp_seq=(\d+)/.exec(line)?.[1] ?? 0);
  if (sequence === 0) return { sent, answered };
  const isAnswer = / ttl=\d+/.test(line);
  return { sent: Math.max(sent, sequence), answered: isAnswer ? new Set([...answered, sequence]) : answered };
};

/** How many of the requests after `from`, up to and with `to`, have no answer so far. */
export const unanswered = ({ answered }: Echoes, from: number, to: number): number => {
  let count = 0;
  for (let sequence = from + 1; sequence <= to; sequence += 1) if (!answered.has(sequence)) count += 1;
  return count;
};

/**
 * Starts to ping. An answer counts however late it comes.
 *
 * @param at the words before a command that is to run where the pings come from
 */
export const startPings = (
  at: readonly string[],
  address: string,
  onEchoes: (echoes: Echoes) => void,
): ChildProcess => {
  let echoes = noEchoes;
  return startChild([...at, 'ping', '-6', '-n', '-O', '-i', String(pingInterval), address], (line) => {
    echoes = nextEchoes(echoes, line);
    onEchoes(echoes);
  });
};
