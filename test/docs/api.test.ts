import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { root } from './markdown.js';

describe('the reference of the API', () => {
  it('has words for everything that can be imported, and names nothing that is not there', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/typedoc/bin/typedoc', '--emit', 'none', '--pretty', 'false'],
      { cwd: root, encoding: 'utf8', timeout: 60_000 },
    );
    expect(stdout + stderr).to.equal('');
    expect(status).to.equal(0);
  }).timeout(60_000);
});
