import { expect } from 'chai';
import { UsageError } from '../../src/cli/usageError.js';
import { itRefuses } from './refusals.js';
import { runTool, toolCommand } from './runTool.js';

const tool = () => ({
  command: toolCommand('try', 'A tool that is tried.').option('--times <n>', 'how often').option('--loud', 'be loud'),
  read: () => 'request',
});

const run = async (words: readonly string[], act: (request: string) => number) => {
  let printed = '';
  const print = (text: string): string => (printed += text);
  const code = await runTool(tool(), words, act, { out: print, error: print });
  return { code, printed };
};

describe('a tool for developers', () => {
  itRefuses(tool, [
    ['--time 1', "unknown option '--time' (Did you mean --times?)"],
    ['--times', "option '--times <n>' argument missing"],
    ['--loud 5', "unexpected argument '5': options come after a --, as in npm run try -- --help"],
  ]);

  it('ends with the exit code of what it did, and says nothing of itself', async () => {
    expect(await run(['--loud'], (request) => (request === 'request' ? 7 : 0))).to.deep.equal({ code: 7, printed: '' });
  });

  it('refuses in one line what turns out to be wrong later', async () => {
    const refused = await run([], () => {
      throw new UsageError('that is no plan');
    });
    expect(refused).to.deep.equal({ code: 2, printed: 'error: that is no plan\n' });
  });

  it('leaves defects to whoever started it', async () => {
    const defect = new Error('a defect');
    const broken = run([], () => {
      throw defect;
    });
    expect(await broken.catch((error: unknown) => error)).to.equal(defect);
  });
});
