import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../src/cli/usageError.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { makeReportFolder } from './reportFolder.js';

describe('the folder for the report of a soak', () => {
  it('is made where it is not there, and left as it is where it is', () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, 'out');
    makeReportFolder(out);
    writeFileSync(join(out, 'soak.html'), '');
    makeReportFolder(out);
    expect(readdirSync(out)).to.deep.equal(['soak.html']);
  });

  it('is refused where its parent is not there, and nothing is made', () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, 'nowhere', 'out');
    expect(() => {
      makeReportFolder(out);
    }).to.throw(UsageError, `--out ${out}: it cannot be made, its parent folder is not there`);
    expect(existsSync(join(directory.path, 'nowhere'))).to.equal(false);
  });

  it('is refused when it is a file, or below one', () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(() => {
      makeReportFolder(file);
    }).to.throw(UsageError, `--out ${file}: it is no folder`);
    expect(() => {
      makeReportFolder(join(file, 'out'));
    }).to.throw(UsageError, 'its parent folder is not there');
  });
});
