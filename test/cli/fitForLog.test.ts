import { expect } from 'chai';
import { fitForLog } from '../../src/cli/fitForLog.js';

/** What a stranger would like to write to a terminal: control characters, and text that runs backwards. */
const hostile = '\u001b[2J\u009b31m\u202egnirts \u2028 \u007f';

describe('a line of the log', () => {
  it('says in JSON what was meant, with nothing in it that does harm', () => {
    const line = fitForLog(`${JSON.stringify({ reason: hostile })}\n`, false);
    expect(line).to.match(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).to.deep.equal({ reason: hostile });
  });

  it('is harmless once it was decoded, too', () => {
    const line = fitForLog(`${JSON.stringify({ reason: hostile, stack: 'Error: a \\ \\u \n  at b' })}\n`, true);
    const { reason, stack } = JSON.parse(line) as { reason: string; stack: string };
    expect(reason).to.equal('\\u001b[2J\\u009b31m\\u202egnirts \\u2028 \\u007f');
    expect(stack).to.equal('Error: a \\ \\u \n  at b');
  });

  it('hides what is secret', () => {
    expect(fitForLog('{"authorization":"Bearer abcdefgh123"}\n', false)).to.equal(
      '{"authorization":"Bearer [secret]"}\n',
    );
  });
});
