import { expect } from 'chai';
import { CommandError } from '../../src/cli/commandError.js';
import type { Status } from '../../src/cli/readStatus.js';
import { watchStatus } from '../../src/cli/watchStatus.js';

const empty: Status = { coordinators: [], peers: [], tunnels: [] };

describe('watchStatus', () => {
  /** Watches what comes of these looks, one after the other; what it tells. */
  const watch = async (looks: readonly (Status | Error)[]): Promise<readonly string[]> => {
    const told: string[] = [];
    const ended = new AbortController();
    let next = 0;
    const read = () => {
      const look = looks[next++] ?? empty;
      return look instanceof Error ? Promise.reject(look) : Promise.resolve(look);
    };
    const wait = () => {
      if (next === looks.length) ended.abort();
      return Promise.resolve();
    };
    const show = () => told.push('shown');
    await watchStatus({ read, show, fail: (message) => told.push(message), wait }, ended.signal);
    return told;
  };

  it('goes on watching a database that is away', async () => {
    expect(await watch([empty, new CommandError('away'), new CommandError('away'), empty])).to.deep.equal([
      ...['shown', 'away', 'away', 'shown'],
    ]);
  });

  it('ends when there is nothing to read from the beginning, or by a defect', async () => {
    const errors = await Promise.all(
      [[new CommandError('no tables')], [empty, new TypeError('defect')]].map((looks) =>
        watch(looks).catch((error: unknown) => String(error)),
      ),
    );
    expect(errors).to.deep.equal(['CommandError: no tables', 'TypeError: defect']);
  });
});
