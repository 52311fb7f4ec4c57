import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import { applyConfig } from '../../src/cli/config/applyConfig.js';
import { configOf } from '../../src/cli/config/configFile.js';
import { serveOptions } from '../../src/cli/serveCommand.js';
import { root } from './markdown.js';

const textOf = (file: string): string => readFileSync(`${root}deploy/${file}`, 'utf8');

/** All documents in a file, which must be without faults. */
const documentsIn = (file: string): readonly unknown[] =>
  parseAllDocuments(textOf(file)).map((document) => {
    expect([...document.errors, ...document.warnings].map(String)).to.deep.equal([]);
    return document.toJS() as unknown;
  });

/** What is at these keys, one in the other; numbers are for lists. */
const at = (value: unknown, ...keys: readonly (string | number)[]): unknown =>
  keys.reduce((found, key) => (found as Record<string, unknown>)[key], value);

const serve = (): Command => serveOptions(new Command('serve'));

/** The variables of the options of `serve`. */
const variables = serve().options.flatMap(({ envVar }) => envVar ?? []);

/** Seconds that `serve` may take to stop, besides its drain time. */
const closing = 20;

describe('what deploys coordinators', () => {
  describe('the Dockerfile', () => {
    const file = 'docker/Dockerfile';
    const lines = textOf(file).split('\n');

    it('copies what there is, and what its ignore file lets through', () => {
      const passed = textOf(`${file}.dockerignore`).split('\n').filter(Boolean);
      const copied = lines
        .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
        .flatMap((line) => line.split(' ').slice(1, -1));
      expect(copied).to.include.members(['package.json', 'package-lock.json', 'src', 'migrations']);
      for (const name of copied) {
        expect(existsSync(root + name), name).to.equal(true);
        expect(passed).to.include(`!${name}`);
      }
      expect(passed[0]).to.equal('*');
    });

    it('runs the program of the package, not as root, and asks whether it is alive', () => {
      const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { bin: Record<string, string> };
      const program = bin['tailnet-coordinator']?.replace(/^\.\//, '') ?? '';
      expect(lines).to.include.members([`ENTRYPOINT ["node", "/app/${program}"]`, 'CMD ["serve"]', 'USER node']);
      expect(textOf(file)).to.contain('/healthz');
      for (const [variable] of textOf(file).matchAll(/TAILNET_\w+/g)) expect(variables).to.include(variable);
    });
  });

  it('compose: gives three coordinators variables that there are, and time to stop', () => {
    const [compose] = documentsIn('docker/compose.yaml');
    for (const name of ['one', 'two', 'three']) {
      const environment = at(compose, 'services', name, 'environment') as Record<string, string>;
      expect(variables).to.include.members(Object.keys(environment));
      const drain = Number(environment['TAILNET_DRAIN_TIME']) / 1000;
      expect(parseInt(String(at(compose, 'services', name, 'stop_grace_period')))).to.be.at.least(drain + closing);
      const dockerfile = at(compose, 'services', name, 'build', 'dockerfile') as string;
      expect(existsSync(root + dockerfile)).to.equal(true);
      expect(textOf('docker/haproxy.cfg'))
        .to.contain(`server ${name} ${name}:7350`)
        .and.contain(`${name}:7351 port 7350`);
    }
  });

  it('HAProxy: is patient with a coordinator that answers late, but not with one that says it drains', () => {
    const lines = textOf('docker/haproxy.cfg')
      .split('\n')
      .map((line) => line.trim());
    // Without it the time of a check is that between two of them.
    expect(lines).to.include('timeout check 5s');
    expect(lines.find((line) => line.startsWith('default-server '))).to.contain(' inter 1s fall 1 ');
  });

  it('systemd: runs commands that there are, and gives them time to stop', () => {
    const unit = textOf('systemd/tailnet-coordinator.service');
    expect(unit).to.match(/^ExecStartPre=\S+ config check (\S+)\nExecStart=\S+ serve --config \1$/m);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).to.be.at.least(
      Number(serve().opts()['drainTime']) / 1000 + closing,
    );
    for (const [variable] of unit.matchAll(/TAILNET_\w+/g)) expect(variables).to.include(variable);
  });

  it('Kubernetes: has a configuration that is right, paths that there are, and time to stop', () => {
    const documents = documentsIn('kubernetes/tailnet-coordinator.yaml');
    expect(documents.map((document) => at(document, 'kind'))).to.deep.equal([
      ...['ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget'],
    ]);
    const [configMap, deployment, service, budget] = documents;
    const command = serve();
    const config = configOf(at(configMap, 'data', 'config.yaml') as string, 'config.yaml');
    applyConfig(command, config, 'config.yaml');
    const { port, metricsPort, drainTime } = command.opts<{ port: number; metricsPort: number; drainTime: number }>();

    const pod = at(deployment, 'spec', 'template', 'spec');
    const container = at(pod, 'containers', 0);
    expect(at(container, 'args')).to.deep.equal(['serve', '--config', '/etc/tailnet-coordinator/config.yaml']);
    expect(at(container, 'ports')).to.deep.equal([
      { name: 'http', containerPort: port },
      { name: 'grpc', containerPort: 7351 },
      { name: 'metrics', containerPort: metricsPort },
    ]);
    expect(at(container, 'readinessProbe', 'httpGet', 'path')).to.equal('/readyz');
    expect(at(container, 'livenessProbe', 'httpGet', 'path')).to.equal('/healthz');
    for (const { name } of at(container, 'env') as readonly { name: string }[]) expect(variables).to.include(name);
    const sleep = Number(at(container, 'lifecycle', 'preStop', 'exec', 'command', 1));
    expect(at(pod, 'terminationGracePeriodSeconds')).to.be.at.least(sleep + drainTime / 1000 + closing);

    // All of them mean the same pods.
    const labels = at(deployment, 'spec', 'template', 'metadata', 'labels');
    expect(labels).to.deep.equal({ 'app.kubernetes.io/name': 'tailnet-coordinator' });
    expect(at(deployment, 'spec', 'selector', 'matchLabels')).to.deep.equal(labels);
    expect(at(service, 'spec', 'selector')).to.deep.equal(labels);
    expect(at(budget, 'spec', 'selector', 'matchLabels')).to.deep.equal(labels);
  });
});
