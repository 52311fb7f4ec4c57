import { expect } from 'chai';
import { parseCommandLine } from '../../bench/commandLine.js';
import { commands } from '../../bench/commands.js';
import { repeatable } from '../../bench/repeatable.js';
import { usage } from '../../bench/usage.js';
import { UsageError } from '../../bench/usageError.js';

const parse = (line: string, environment: Record<string, string> = {}) =>
  parseCommandLine(line.split(' '), commands, environment);

describe('the command line of the benchmark', () => {
  it('has the sizes of the definitions by default', () => {
    expect(parse('W1')?.numbers).to.deep.equal({ pairs: 100, updates: 500 });
    expect(parse('W2')?.numbers).to.deep.equal({ pairs: 100, seconds: 15 });
    expect(parse('W3')?.numbers).to.deep.equal({ clients: 1000, rounds: 20, updates: 200 });
    expect(parse('W5')?.numbers).to.deep.equal({ pairs: 500 });
    expect(parse('W6')?.numbers).to.deep.equal({ connections: 5000, idle_seconds: 60 });
    expect(parse('W1')).to.include({ slowFlush: false, idleListeners: 0, quietWait: 0, databaseUrl: undefined });
    expect(parse('W1')?.shape).to.deep.equal({ addresses: 2, endpoints: 4, regions: 3 });
  });

  it('takes options of the command and common ones, with one hyphen or two', () => {
    const line = parse('W3 --clients 4000 -quiet-wait 1.5 --slow-flush --idle-listeners 10 --endpoints 0 -regions 30');
    expect(line?.numbers['clients']).to.equal(4000);
    expect(line).to.include({ slowFlush: true, idleListeners: 10, quietWait: 1.5 });
    expect(line?.shape).to.deep.equal({ addresses: 2, endpoints: 0, regions: 30 });
    expect(parse('W6 --clients 7')?.numbers['connections']).to.equal(7);
    expect(parse('sweep --sizes 10,20')?.lists['sizes']).to.deep.equal([10, 20]);
  });

  it('takes texts and flags, and says how the command can be repeated', () => {
    const line = parse('micro --only mapper --write --endpoints 9');
    expect(line).to.deep.include({ texts: { only: 'mapper' }, flags: ['write'], numbers: { milliseconds: 500 } });
    expect(line && repeatable(line)).to.equal(
      'npm run bench -- micro --endpoints 9 --milliseconds 500 --only mapper --write',
    );
    expect(parse('micro')).to.deep.include({ texts: {}, flags: [] });
  });

  it('takes the database from its option, or from the environment', () => {
    const environment = { TAILNET_DATABASE_URL: 'postgres://there/a' };
    expect(parse('W1', environment)?.databaseUrl).to.equal('postgres://there/a');
    expect(parse('W1 --database-url postgres://here/b', environment)?.databaseUrl).to.equal('postgres://here/b');
  });

  it('takes hyphens for underscores, and the other way round', () => {
    expect(parse('W6 --idle-seconds 7 --quiet_wait=3')).to.deep.include({
      ...{ numbers: { connections: 5000, idle_seconds: 7 }, quietWait: 3 },
    });
  });

  it('asks for help', () => {
    expect(parse('--help')).to.equal(undefined);
    expect(parse('W1 --help')).to.equal(undefined);
    for (const name of Object.keys(commands)) expect(usage(commands)).to.contain(`  ${name} `);
  });

  for (const [line, complaint] of [
    ['W9', /^there is no workload W9; there are W1, .*, table$/],
    ['toString', /^there is no workload toString/],
    ['W1 --clients 3', /^Unknown option '--clients'; W1 takes --database-url, .*--pairs, --updates, --slow-flush$/],
    ['W1 extra', /^Unexpected argument 'extra'$/],
    ['W1 --pairs', /^Option '--pairs <value>' argument missing$/],
    ['W1 --pairs 0', /^--pairs must be a whole number from 1 on, got "0"$/],
    ['W1 --pairs 1.5', /^--pairs must be a whole number from 1 on, got "1.5"$/],
    ['W1 --pairs ten', /^--pairs must be a whole number from 1 on, got "ten"$/],
    ['W1 --pairs -5', /^--pairs must be a whole number from 1 on, got "-5"$/],
    ['W2 --seconds soon', /^--seconds must be more than 0 seconds, got "soon"$/],
    ['W2 --seconds 0', /^--seconds must be more than 0 seconds, got "0"$/],
    ['W2 -seconds -.5', /^--seconds must be more than 0 seconds, got "-.5"$/],
    ['micro --milliseconds 0', /^--milliseconds must be more than 0 milliseconds, got "0"$/],
    ['W6 --idle_seconds -1', /^--idle_seconds must be a number of seconds, got "-1"$/],
    ['W6 --quiet-wait=', /^--quiet-wait must be a number of seconds, got ""$/],
    ['W1 --idle-listeners 0.5', /^--idle-listeners must be a whole number from 0 on, got "0.5"$/],
    ['sweep --sizes 10,,30', /^--sizes must be whole numbers from 1 on, separated by commas, got "10,,30"$/],
    ['micro --database-url postgres://here/b', /^Unknown option '--database-url'; micro takes .*--write$/],
    ['W1 --bus localhost', /^--bus must be a URL like nats:\/\/host:4222\/prefix$/],
    ['W5 --bus nats://localhost', /^Unknown option '--bus'; /],
    ['micro --idle-listeners 1', /^Unknown option '--idle-listeners'; /],
    ['W1 --write', /^Unknown option '--write'; /],
    ['W1 --database-url localhost', /^--database-url must be a URL like postgres:\/\//],
  ] as const) {
    it(`says in one line what is wrong: ${line}`, () => {
      expect(() => parse(line)).to.throw(UsageError, complaint);
    });
  }
});
