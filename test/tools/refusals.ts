import { expect } from 'chai';
import { ask } from './ask.js';
import type { Tool } from './runTool.js';

/** Tests that a tool helps, and that it refuses each of these lines: in one line that says why, then with its usage. */
export const itRefuses = (
  tool: () => Tool<unknown>,
  lines: readonly (readonly [line: string, why: string])[],
): void => {
  it('explains its options', async () => {
    const { code, rest, complaint } = await ask(tool(), '--help');
    expect({ code, complaint }).to.deep.equal({ code: 0, complaint: '' });
    expect(rest).to.match(/^Usage: npm run [\w:]+ -- \[options\]/);
    for (const { long } of tool().command.options) expect(rest).to.contain(` ${long} `);
  });

  for (const [line, why] of lines) {
    it(`refuses ${line}`, async () => {
      const { code, request, complaint, rest } = await ask(tool(), line);
      expect({ code, request, complaint }).to.deep.equal({ code: 2, request: undefined, complaint: `error: ${why}` });
      expect(rest).to.match(/^\nUsage: npm run /);
    });
  }
};
