import { meshAddress } from '../agent/meshAddress.js';
import { command } from './command.js';
import type { FactLog } from './factLog.js';
import type { Network } from './network.js';
import { noEchoes, startPings, unanswered } from './pings.js';
import { hostNamed } from './topology.js';
import type { Host } from './topology.js';

/** Pings from one host to another, through the tunnel, until it is disposed of. */
export interface Pinger extends AsyncDisposable {
  readonly from: Host['name'];
  readonly to: Host['name'];
  /** How many requests were sent so far. */
  sent(): number;
  /** Resolves when so many requests were answered that were sent after the first `from` ones. */
  answered(from: number, count: number): Promise<void>;
  /**
   * How many of the requests after the first `from` ones, up to the last one now, are never answered.
   *
   * @param patience how long to wait for answers before a request counts as lost, in milliseconds. Default 10000: longer
   * than a machine should take that has other things to do
   */
  lostSince(from: number, patience?: number): Promise<number>;
}

/** Begins to ping. */
export const startPinger = (network: Network, from: Host['name'], to: Host['name'], log: FactLog): Pinger => {
  let echoes = noEchoes;
  const child = startPings(network.at(from), meshAddress(hostNamed(to).id), (next) => {
    echoes = next;
    log.tell({ kind: 'echoes', from, to, echoes });
  });
  return {
    from,
    to,
    sent: () => echoes.sent,
    answered: (first, count) =>
      log.until(
        () => [...echoes.answered].filter((sequence) => sequence > first).length >= count,
        `${count} more answers of ${to} to ${from}`,
      ),
    lostSince: async (first, patience = 10_000) => {
      const last = echoes.sent;
      const lost = () => unanswered(echoes, first, last);
      const since = performance.now();
      // Something is heard of pings all the time, answers or none.
      await log.until(
        () => lost() === 0 || performance.now() - since > patience,
        `more of the pings from ${from} to ${to}`,
      );
      return lost();
    },
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]();
      log.tell({ kind: 'quiet', from, to });
    },
  };
};

/** Pings until there is an answer; rejects when there is none within so many seconds. */
export const pingOnce = async (network: Network, from: Host['name'], to: Host['name'], seconds = 30): Promise<void> => {
  const words = ['ping', '-6', '-n', '-c', '1', '-i', '0.2', '-w', String(seconds), meshAddress(hostNamed(to).id)];
  await command([...network.at(from), ...words]);
};
