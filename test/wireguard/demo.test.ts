import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { missingRequirements, thisMachine } from '../../examples/wireguard/demo/requirements.js';
import { runProgram } from '../cli/childProcess.js';
import type { RunningProgram } from '../cli/childProcess.js';

/** Whatever bears the name of a demo: namespaces, sockets of wireguard-go, folders. */
const traces = (pid: number): readonly string[] => {
  const sockets = '/var/run/wireguard';
  return [
    ...execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n'),
    ...(existsSync(sockets) ? readdirSync(sockets) : []),
    ...readdirSync(tmpdir()),
  ].filter((name) => name.startsWith(`tailnet-demo-${pid}-`) || name.startsWith(`tn${pid}-`));
};

/**
 * The programs with such a name in their words that still run; those that have ended, and wait to be noticed, do not.
 */
const programs = (pid: number): readonly string[] =>
  execFileSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => new RegExp(`tn${pid}-|tailnet-demo-${pid}-`).test(line) && !line.startsWith('Z'));

const start = (): RunningProgram => runProgram('examples/wireguard/demo.ts', []);

const suite = () =>
  describe('WireGuard, end to end', function () {
    // A fraction of that, but for a machine with other things to do.
    this.timeout(180_000);

    let whole: RunningProgram;
    let interrupted: RunningProgram;

    before('two at once: neither is in the way of the other', () => {
      whole = start();
      interrupted = start();
    });

    after(async () => {
      await Promise.all([whole, interrupted].map((program) => program[Symbol.asyncDispose]()));
    });

    it('cleans up when it is interrupted', async () => {
      await interrupted.line((line) => line.startsWith('2.'));
      expect(traces(interrupted.pid)).not.to.be.empty;
      expect(programs(interrupted.pid)).not.to.be.empty;
      interrupted.signal('SIGINT');
      expect(await interrupted.ended, interrupted.lines.join('\n')).to.equal(130);
      expect(interrupted.lines.at(-1)).to.equal('Failed: interrupted by SIGINT');
      expect(traces(interrupted.pid)).to.deep.equal([]);
      expect(programs(interrupted.pid)).to.deep.equal([]);
    });

    it('hosts meet, roam, outlive a coordinator, and leave', async () => {
      expect(await whole.ended, `${whole.lines.join('\n')}\n${whole.errors()}`).to.equal(0);
      const story = whole.lines.filter((line) => /^(\d\.| {2}✓|All)/.test(line));
      const parts = [
        /^1\. /,
        /^2\. /,
        /✓ everybody reaches everybody through the tunnels/,
        /^3\. Carol moves/,
        /✓ the pings go on; lost until they were told: \d+ from alice, \d+ from bob/,
        /^4\. South is killed/,
        /✓ bob is back at north, and not one ping was lost/,
        /^5\. Carol leaves/,
        /✓ alice and bob have no peer carol any more/,
        /^6\. Bob's agent is killed/,
        /✓ alice still reaches bob, and not one ping was lost/,
        /^All of it held/,
      ];
      expect(story).to.have.length(parts.length);
      story.forEach((line, index) => expect(line).to.match(parts[index]!));
      expect(traces(whole.pid)).to.deep.equal([]);
      expect(programs(whole.pid)).to.deep.equal([]);
    });

    it('tells alice and bob where carol has moved, by way of the coordinators', () => {
      for (const name of ['alice', 'bob']) {
        expect(whole.lines.join('\n')).to.match(
          new RegExp(
            `${name}: carol NODE \\(update\\)[^]*${name}: wg set \\S+ peer \\S+ endpoint 192\\.0\\.2\\.33:41641`,
          ),
        );
      }
    });

    it('removes nobody before somebody has left', () => {
      const leaving = whole.lines.findIndex((line) => line.startsWith('5.'));
      const removals = whole.lines.flatMap((line, index) => (line.endsWith(' remove') ? [index] : []));
      expect(removals).not.to.be.empty;
      expect(Math.min(...removals)).to.be.greaterThan(leaving);
    });
  });

const missing = missingRequirements(thisMachine());
if (missing === undefined || process.env['TAILNET_REQUIRE_WIREGUARD'] === '1') suite();
else console.log(`WireGuard, end to end: not run; ${missing}`);
