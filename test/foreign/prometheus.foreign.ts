import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { parse } from 'yaml';
import { createMetrics } from '../../src/metrics/index.js';
import { root, textOf } from '../docs/markdown.js';
import { programPath } from './programPath.js';

describe('what promtool, of Prometheus, says', () => {
  let promtool: string;

  before(() => {
    promtool = programPath('promtool');
  });

  /** What it prints, on both outputs; fails where it does. */
  const run = (words: readonly string[], input = ''): string => {
    const { status, stdout, stderr } = spawnSync(promtool, words, { cwd: root, input, encoding: 'utf8' });
    expect(status, stdout + stderr).to.equal(0);
    return stdout + stderr;
  };

  it('the alert rules are right', () => {
    expect(run(['check', 'rules', '--lint=all', '--lint-fatal', 'deploy/prometheus/alerts.yml'])).to.contain('SUCCESS');
  });

  it('they fire when they should, and not otherwise', () => {
    expect(run(['test', 'rules', 'test/foreign/alerts.test.yml'])).to.contain('SUCCESS');
  });

  it('each of them is among those that are tested', () => {
    const { groups } = parse(textOf('deploy/prometheus/alerts.yml')) as {
      groups: readonly { rules: readonly { alert: string }[] }[];
    };
    const tests = textOf('test/foreign/alerts.test.yml');
    for (const { alert } of groups.flatMap(({ rules }) => rules)) expect(tests).to.match(new RegExp(`\\b${alert}\\b`));
  });

  it('metrics are written as they should be, and named by the conventions', async () => {
    const metrics = createMetrics({ ofProcess: true });
    metrics.gatewayEvent('grpc', { kind: 'rejected', status: 401, reason: '', remoteAddress: '192.0.2.7' });
    expect(run(['check', 'metrics'], await metrics.registry.metrics())).to.equal('');
  });
});
