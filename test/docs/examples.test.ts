import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { root, textOf } from './markdown.js';
import { runNode } from './runNode.js';

/** What an example says that it prints: the comment at its end. */
const promiseOf = (file: string): string => {
  const [, promise] = textOf(file).split('\n// Prints:\n');
  return (promise ?? '').replaceAll(/^\/\/ ?/gm, '');
};

describe('each example ends by itself and prints what it says', () => {
  for (const file of readdirSync(`${root}examples`).filter((name) => name.endsWith('.ts'))) {
    it(file, async () => {
      const promise = promiseOf(`examples/${file}`);
      expect(promise, 'its last comment is "// Prints:" with what it prints').not.to.equal('');
      expect(await runNode(['--import', 'tsx', `examples/${file}`])).to.equal(promise);
    });
  }
});
