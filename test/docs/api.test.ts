import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { root } from './markdown.js';

describe('the reference of the API', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-coordinator-api-'));
  after(() => rmSync(directory, { recursive: true }));

  it('has words for everything that can be imported, and names nothing that is not there', () => {
    const file = join(directory, 'api.json');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/typedoc/bin/typedoc', '--json', file, '--logLevel', 'Warn', '--pretty', 'false'],
      { cwd: root, encoding: 'utf8', timeout: 60_000 },
    );
    expect(stdout + stderr).to.equal('');
    expect(status).to.equal(0);

    const { children } = JSON.parse(readFileSync(file, 'utf8')) as { children: { name: string }[] };
    const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: object };
    const specifiers = Object.entries(exports).filter(([, entry]) => typeof entry === 'object');
    expect(children.map(({ name }) => name)).to.have.members(
      specifiers.map(([path]) => path.replace('.', 'tailnet-coordinator')),
    );
  }).timeout(60_000);

  it('is searched without the sign that names of Observables end with', () => {
    let type: ((event: object) => void) | undefined;
    const document = { addEventListener: (_: string, listener: typeof type) => (type = listener) };
    runInNewContext(readFileSync(`${root}scripts/apiSearch.js`, 'utf8'), { document });
    const target = { id: 'tsd-search-input', value: 'tailnetClient$' };
    type?.({ target });
    expect(target.value).to.equal('tailnetClient');
  });
});
