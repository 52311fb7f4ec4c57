import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { buildComplaint } from './buildComplaint.js';

/** Writes files as of so many seconds after some moment. */
const write = (root: string, files: Readonly<Record<string, number>>): void => {
  for (const [name, time] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    utimesSync(file, 1_000 + time, 1_000 + time);
  }
};

const built = {
  ...{ 'tsconfig.json': 0, 'tsconfig.build.json': 0, 'src/index.ts': 1, 'src/db/store.ts': 1, 'src/proto/a.proto': 9 },
  ...{ 'dist/index.js': 2, 'dist/db/store.js': 2 },
};

describe('what was built', () => {
  it('may be run while it is newer than the sources', () => {
    using directory = temporaryDirectory();
    write(directory.path, built);
    expect(buildComplaint(directory.path)).to.equal(undefined);
  });

  it('may not when it is not there, or in part only', () => {
    using directory = temporaryDirectory();
    const missing = 'dist/ is missing, or a part of it: run `npm run build` first';
    write(directory.path, built);
    rmSync(join(directory.path, 'dist/db'), { recursive: true });
    expect(buildComplaint(directory.path)).to.equal(missing);
    rmSync(join(directory.path, 'dist'), { recursive: true });
    expect(buildComplaint(directory.path)).to.equal(missing);
  });

  for (const changed of ['src/db/store.ts', 'tsconfig.build.json']) {
    it(`may not when it is older than ${changed}`, () => {
      using directory = temporaryDirectory();
      write(directory.path, { ...built, [changed]: 3 });
      expect(buildComplaint(directory.path)).to.equal(`dist/ is older than ${changed}: run \`npm run build\` first`);
    });
  }
});
