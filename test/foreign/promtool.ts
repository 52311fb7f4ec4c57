import { spawnSync } from 'node:child_process';

/**
 * The program `promtool`, which comes with Prometheus: at `PROMTOOL`, or in the path.
 *
 * @throws Error if there is none; it says what to do
 */
export const promtoolPath = (): string => {
  const given = process.env['PROMTOOL'];
  const path = given === undefined || given === '' ? 'promtool' : given;
  const { status, error, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (status === 0) return path;
  const complaint = error?.message ?? stderr.trim();
  throw new Error(`no promtool at ${path}: install prometheus, or name another in PROMTOOL; ${complaint}`);
};
