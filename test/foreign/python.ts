import { spawnSync } from 'node:child_process';

/**
 * A Python that has the library `websockets`: at `PYTHON`, or the one of the system.
 *
 * @throws Error if there is none; it says what to do
 */
export const pythonPath = (): string => {
  const given = process.env['PYTHON'];
  const path = given === undefined || given === '' ? '/usr/bin/python3' : given;
  const { status, error, stderr } = spawnSync(path, ['-c', 'import websockets'], { encoding: 'utf8' });
  if (status === 0) return path;
  const complaint = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  throw new Error(
    `no Python with websockets at ${path}: install python3-websockets, or name another in PYTHON; ${complaint}`,
  );
};
