import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { filter, firstValueFrom, interval, switchMap } from 'rxjs';
import type { Subscription } from 'rxjs';
import { quietPort } from '../support/quietPort.js';
import type { Uuid } from '../../src/db/store.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { root } from '../docs/markdown.js';
import { steadyPeer, type SteadyPeer } from '../faults/steadyPeer.js';
import { coordinatorProcess, type CoordinatorProcess } from '../processes/coordinatorProcess.js';
import { testDatabase } from '../support/testDatabase.js';
import { programPath } from './programPath.js';

const textOf = (file: string): string => readFileSync(`${root}deploy/${file}`, 'utf8');

const idOf = (kind: string, index: number): Uuid => `${kind}0000-0000-4000-8000-${String(index).padStart(12, '0')}`;

describe('what deploys coordinators', function () {
  this.timeout(120_000);

  it('systemd takes the unit', () => {
    using directory = temporaryDirectory();
    const program = join(directory.path, 'tailnet-coordinator');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    const unit = join(directory.path, 'tailnet-coordinator.service');
    writeFileSync(unit, textOf('systemd/tailnet-coordinator.service').replaceAll(/\/opt\/\S+/g, program));
    const { stdout, stderr, status } = spawnSync(programPath('systemd-analyze'), ['verify', unit], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr, status }).to.deep.equal({ stdout: '', stderr: '', status: 0 });
  });

  describe('HAProxy, as compose has it', () => {
    const running: CoordinatorProcess[] = [];
    const peers: SteadyPeer[] = [];
    let load: Subscription | undefined;
    let balancer: ChildProcess | undefined;
    afterEach(async () => {
      load?.unsubscribe();
      balancer?.kill('SIGKILL');
      for (const peer of peers.splice(0)) peer.drop();
      await Promise.all(running.splice(0).map((coordinator) => coordinator[Symbol.asyncDispose]()));
    });

    /** The configuration, with coordinators and its own ports on this machine. */
    const configuration = (coordinators: readonly number[], own: { readonly http: number; readonly grpc: number }) =>
      textOf('docker/haproxy.cfg')
        // More open files than a test may have.
        .replace(/^ *maxconn .*$/m, '')
        .replace('bind :7350', `bind 127.0.0.1:${String(own.http)}`)
        .replace('bind :7351', `bind 127.0.0.1:${String(own.grpc)}`)
        .replaceAll(/^( *server) (one|two|three) .*:(7350|7351)( port 7350)?$/gm, (_, server: string, name: string) => {
          const port = String(coordinators[['one', 'two', 'three'].indexOf(name)]);
          return `${server} ${name} 127.0.0.1:${port}`;
        })
        .replace(/ resolvers containers$/m, '')
        .replace(/^resolvers[^]*?\n\n/m, '');

    it('keeps peers from coordinators that drain: one after the other is restarted, and nobody is told that anybody has gone', async () => {
      await using database = await testDatabase();
      const ports = [await quietPort(), await quietPort(), await quietPort()];
      const start = (port: number): CoordinatorProcess => {
        const words = ['--port', String(port), '--grpc-port', 'none', '--drain-time', '3000'];
        const coordinator = coordinatorProcess(database.url, words);
        running.push(coordinator);
        return coordinator;
      };
      const coordinators = ports.map(start);
      await Promise.all(coordinators.map(({ listening }) => listening));

      using directory = temporaryDirectory();
      const file = join(directory.path, 'haproxy.cfg');
      const http = await quietPort();
      writeFileSync(file, configuration(ports, { http, grpc: await quietPort() }));
      const program = spawn(programPath('haproxy'), ['-db', '-f', file]);
      balancer = program;
      const lines: string[] = [];
      for (const stream of [program.stdout, program.stderr]) {
        createInterface({ input: stream }).on('line', (line) => lines.push(line));
      }
      const url = `http://127.0.0.1:${String(http)}`;
      const ended = new Promise<never>((_resolve, reject) => {
        program.on('exit', () => reject(new Error(`HAProxy ended:\n${lines.join('\n')}`)));
      });
      ended.catch(() => undefined);
      const ready = firstValueFrom(
        interval(50).pipe(
          switchMap(() =>
            fetch(`${url}/readyz`).then(
              ({ status }) => status,
              () => 0,
            ),
          ),
          filter((status) => status === 200),
        ),
      );
      await Promise.race([ready, ended]);
      expect((await fetch(`${url}/metrics`)).status).to.equal(404);

      const derps: number[] = [];
      const [agents, clients]: [SteadyPeer[], SteadyPeer[]] = [[], []];
      for (let index = 0; index < 20; index++) {
        const agent = steadyPeer([url], idOf('a9e0', index));
        const client = steadyPeer([url], idOf('c11e', index));
        client.addTunnel(agent.id);
        agents.push(agent);
        clients.push(client);
        peers.push(agent, client);
      }
      const update = (index: number): void => agents[index]?.updateDerp((derps[index] = (derps[index] ?? 0) + 1));
      const everybodySees = () =>
        Promise.all(
          clients.map(async (client, index) => {
            update(index);
            await client.eventuallySees(idOf('a9e0', index), derps[index] ?? 0);
          }),
        );
      await everybodySees();

      load = interval(5).subscribe((n) => update(n % agents.length));
      for (const [place, coordinator] of coordinators.entries()) {
        coordinator.signal('SIGTERM');
        expect(await coordinator.ended, coordinator.log()).to.equal(0);
        const next = start(ports[place] ?? 0);
        await next.logs('"health":"healthy"');
      }
      load.unsubscribe();
      await everybodySees();
      const told = peers.flatMap(({ seen }) => seen.log);
      expect(told.filter((line) => line.includes('DISCONNECTED'))).to.deep.equal([]);
      // Nobody was sent to a coordinator that drains or is not there, or the balancer asked another one.
      const ends = new Set(peers.flatMap((peer) => peer.ends));
      expect([...ends], lines.join('\n')).to.deep.equal(['1001 coordinator closed']);
    });
  });
});
