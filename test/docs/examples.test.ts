import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { testDatabase } from '../support/testDatabase.js';
import { root, textOf } from './markdown.js';
import { runNode } from './runNode.js';

const files = readdirSync(`${root}examples`).filter((name) => name.endsWith('.ts'));

/** Whether a file is part of others, which import what it exports, and does nothing by itself. */
const isPart = (file: string): boolean => /^export /m.test(textOf(`examples/${file}`));

/** What an example says that it prints: the comment at its end. */
const promiseOf = (file: string): string => {
  const [, promise] = textOf(file).split('\n// Prints:\n');
  return (promise ?? '').replaceAll(/^\/\/ ?/gm, '');
};

describe('examples', () => {
  for (const file of files) {
    it(`are under sixty lines, but for what they print: ${file}`, () => {
      const [program = ''] = textOf(`examples/${file}`).split('// Prints:\n');
      expect(program.split('\n')).to.have.length.below(60);
    });

    it(`are listed: ${file}`, () => {
      expect(textOf('examples/README.md')).to.contain(`](${file})`);
    });
  }
});

describe('the tests among the examples pass', () => {
  for (const file of files.filter((name) => name.endsWith('.test.ts'))) {
    it(file, async () => {
      const report = await runNode(['--import', 'tsx', '--test', '--test-reporter', 'tap', `examples/${file}`]);
      expect(report)
        .to.match(/^# pass [1-9]/m)
        .and.to.contain('# fail 0');
    });
  }
});

describe('each example ends by itself and prints what it says', () => {
  for (const file of files.filter((name) => !isPart(name) && !name.endsWith('.test.ts'))) {
    it(file, async () => {
      const promise = promiseOf(`examples/${file}`);
      expect(promise, 'its last comment is "// Prints:" with what it prints').not.to.equal('');
      const usesDatabase = textOf(`examples/${file}`).includes('DATABASE_URL');
      await using database = usesDatabase ? await testDatabase() : undefined;
      const env = database === undefined ? {} : { DATABASE_URL: database.url };
      expect(await runNode(['--import', 'tsx', `examples/${file}`], { env })).to.equal(promise);
    });
  }
});
