import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../src/cli/usageError.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { draftPlan } from './draftPlan.js';
import { keepPlan, readPlanFile } from './planFile.js';

describe('the file of a plan', () => {
  it('holds what was kept last under its name, with a step on each line', () => {
    using directory = temporaryDirectory();
    const plan = draftPlan(7);
    keepPlan(draftPlan(8), 'a', join(directory.path, 'kept'));
    const file = keepPlan(plan, 'a', join(directory.path, 'kept'));
    expect(readPlanFile(file)).to.deep.equal(plan);
    const steps = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^ +\{"at":\d+,"do":.*\},?$/.test(line));
    expect(steps).to.have.lengthOf(plan.phases.flat().length);
  });

  it('holds a plan without steps, too', () => {
    using directory = temporaryDirectory();
    const plan = { ...draftPlan(7), phases: [[], []] };
    expect(readPlanFile(keepPlan(plan, 'a', directory.path))).to.deep.equal(plan);
  });

  it('is named where it cannot be read, or holds no plan', () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'plan.json');
    expect(() => readPlanFile(file)).to.throw(UsageError, `${file}: cannot be read: ENOENT`);
    writeFileSync(file, '{}');
    expect(() => readPlanFile(file)).to.throw(
      UsageError,
      `${file}: seed is missing: it must be a whole number from 0 to`,
    );
  });
});
