import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** On what, with what and when something was measured. Nothing in it names a machine or a place on it. */
export interface Environment {
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly platform: string;
  readonly node: string;
  /** Left out where there was no server. */
  readonly postgresql?: string;
  readonly package: string;
  /** Of the sources; ends in `-dirty` when they were changed since. */
  readonly commit: string;
}

/** @param postgresql the server's version */
export const environment = (command: string, postgresql?: string): Environment => {
  const processors = cpus();
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return {
    date: new Date().toISOString(),
    command,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    ...(postgresql === undefined ? {} : { postgresql }),
    package: version,
    commit: commit(),
  };
};

const commit = (): string => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
    cwd,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
};
