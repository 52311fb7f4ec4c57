import { spawnSync } from 'node:child_process';
import { buildComplaint } from './buildComplaint.js';

/** Builds, if what was built is not what the sources say. False if that fails; the compiler has said then what is wrong. */
export const buildIfStale = (): boolean => {
  if (buildComplaint() === undefined) return true;
  console.error('building, because the sources have changed');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  return status === 0;
};
