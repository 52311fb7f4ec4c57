import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { runProgram } from '../cli/childProcess.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';

const demo = 'scripts/demo/main.ts';

describe('npm run demo', () => {
  it('shows a mesh, the death of a coordinator, LOST and found, and ends by itself', async () => {
    await using show = runProgram(demo, ['--hasty']);
    expect(await show.ended).to.equal(0);
    const said = show.lines.filter((line) => /^ \w/.test(line)).join('');
    const story = [
      'half of them to each',
      'A mesh over two',
      'is killed',
      'LOST for those',
      'come to South',
      'Found again',
    ];
    expect(story.map((words) => said.includes(words))).to.deep.equal(story.map(() => true));
    const counts = show.lines.flatMap((line) => /(NODE|LOST) +(\d+)/.exec(line)?.slice(1).join(' ') ?? []);
    expect(counts).to.deep.equal(
      [0, 48, 48, 48, 36, 48, 48].flatMap((nodes) => [`NODE ${nodes}`, `LOST ${nodes === 36 ? 12 : 0}`]),
    );
    expect(show.lines.join('')).not.to.contain('\u001b');
    expect(show.errors()).to.equal('');
  });

  it('ends with Ctrl-C, and leaves nothing of its processes and files', async () => {
    using directory = temporaryDirectory();
    await using show = runProgram(demo, [], { environment: { TMPDIR: directory.path } });
    // Elsewhere than on a terminal that is drawn when all has started, and the story begins.
    await show.line((line) => line.includes('A PostgreSQL and two'));
    show.signal('SIGINT');
    expect(await show.ended).to.equal(0);
    expect(show.errors()).to.equal('');
    expect(readdirSync(directory.path).filter((name) => name.startsWith('tailnet'))).to.deep.equal([]);
  }).timeout(60_000);

  it('takes no other words', async () => {
    await using show = runProgram(demo, ['--slow']);
    expect(await show.ended).to.equal(2);
    expect(show.errors()).to.equal('the demo takes no options but --hasty, got --slow\n');
  });
});
