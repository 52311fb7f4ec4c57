import { expect } from 'chai';
import { pino } from 'pino';
import { VirtualTimeScheduler } from 'rxjs';
import { sampledLog } from '../../src/cli/sampledLog.js';

describe('sampledLog', () => {
  const setUp = () => {
    const scheduler = new VirtualTimeScheduler(undefined, 0);
    const lines: string[] = [];
    const later = (work: () => void, milliseconds: number) => void scheduler.schedule(work, milliseconds);
    const logMethod = sampledLog({ most: 2, period: 1000, later });
    const write = (line: string) => {
      const { level, msg, peer_id, repeated, part } = JSON.parse(line) as Record<string, string | number | undefined>;
      const more = [part, peer_id, repeated === undefined ? undefined : `repeated ${String(repeated)}`];
      lines.push([level, msg, ...more.filter((each) => each !== undefined)].join(' '));
    };
    const logger = pino({ level: 'debug', hooks: { logMethod } }, { write });
    const after = (milliseconds: number) => {
      scheduler.maxFrames += milliseconds;
      scheduler.flush();
    };
    return { logger, lines, after, scheduler };
  };

  it('writes the first of a kind, and counts the others of the period', () => {
    const { logger, lines, after, scheduler } = setUp();
    for (let n = 1; n <= 5; n++) logger.warn({ peer_id: n }, 'call failed');
    expect(lines).to.deep.equal(['40 call failed 1', '40 call failed 2']);
    after(1000);
    expect(lines.splice(0)).to.deep.equal(['40 call failed 1', '40 call failed 2', '40 call failed repeated 3']);
    // The next period is like the first.
    logger.warn('call failed');
    expect(lines).to.deep.equal(['40 call failed']);
    after(1000);
    expect(lines).to.have.lengthOf(1);
    expect(scheduler.actions).to.be.empty;
  });

  it('tells kinds apart by their message and their level', () => {
    const { logger, lines } = setUp();
    for (let n = 0; n < 3; n++) {
      logger.warn('one');
      logger.warn('other');
      logger.error(new Error('one'));
      logger.error({ err: new Error('x') }, 'one');
    }
    const count = (text: string) => lines.filter((line) => line === text).length;
    expect([count('40 one'), count('40 other'), count('50 one')]).to.deep.equal([2, 2, 5]);
  });

  it('leaves out nothing of what is no trouble, but for what strangers cause', () => {
    const { logger, lines } = setUp();
    for (let n = 0; n < 5; n++) {
      logger.info('connection opened');
      logger.info({ status: 401 }, 'connection rejected');
    }
    expect(lines.filter((line) => line === '30 connection opened')).to.have.lengthOf(5);
    expect(lines.filter((line) => line === '30 connection rejected')).to.have.lengthOf(2);
  });

  it('tells the number in the words of the logger that had the first', () => {
    const { logger, lines, after } = setUp();
    const child = logger.child({ part: 'store' });
    for (let n = 0; n < 4; n++) child.warn('call failed');
    after(1000);
    expect(lines.at(-1)).to.equal('40 call failed store repeated 2');
  });
});
