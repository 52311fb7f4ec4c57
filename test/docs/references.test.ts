import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documents, proseOf, root, textOf } from './markdown.js';

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (file: string): readonly string[] =>
  [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Paths in the text, as `src/streams/view.ts`. Folders end in a slash; a pattern such as `NNNN-*.md` is none. */
const path = /`((?:src|test|scripts|examples|migrations|docs|bench|deploy)\/[\w./-]*)`/g;

/** The claim that a test holds something: its file, then its name, as `test/a.test.ts`: "does this". */
const claim = /`(test\/[\w./-]+)`: "([^"]+)"/g;

describe('what the documentation refers to is there', () => {
  for (const file of documents) {
    it(`links in ${file}`, () => {
      for (const [, target = ''] of proseOf(file).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [linked = '', anchor] = target.split('#');
        const reached = linked === '' ? file : join(dirname(file), linked);
        expect(existsSync(root + reached), target).to.equal(true);
        if (anchor !== undefined) expect(anchorsOf(reached), target).to.include(anchor);
      }
    });

    it(`files named in ${file}`, () => {
      for (const [, named = ''] of textOf(file).matchAll(path)) expect(existsSync(root + named), named).to.equal(true);
    });

    it(`tests named in ${file}`, () => {
      for (const [, test = '', name = ''] of textOf(file).matchAll(claim)) {
        // Names that are made of parts are named up to the first part that varies.
        expect(textOf(test).replaceAll("\\'", "'"), test).to.contain(name);
      }
    });
  }
});
