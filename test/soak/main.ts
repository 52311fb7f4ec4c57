// npm run soak -- --minutes 30 --seed 7
import { setMaxListeners } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../../bench/report/environment.js';
import { UsageError } from '../../bench/usageError.js';
import { judgeSeries } from './judgeSeries.js';
import { reasonsOf, recoveryTable, soakPage } from './report.js';
import { soak } from './soak.js';
import { parseSoakOptions, soakUsage, type SoakOptions } from './soakOptions.js';

const run = async (options: SoakOptions): Promise<void> => {
  const { minutes, peers, rate, seed, out } = options;
  // Before anything is measured: a folder that cannot be made must not cost a run.
  mkdirSync(out, { recursive: true });
  console.log(`seed ${seed}`);
  const stop = new AbortController();
  // Each wait listens.
  setMaxListeners(0, stop.signal);
  // A second one ends it at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const command = `npm run soak -- --minutes ${minutes} --peers ${peers} --rate ${rate} --seed ${seed}`;
  // Of now: sources may be changed before the end.
  const where = environment(command);
  const result = await soak(options, stop.signal);
  const judged = judgeSeries(result.samples);
  writeFileSync(join(out, 'soak.html'), soakPage(result, judged, { ...where, postgresql: result.postgresql }));
  const { deeds, logged, ...rest } = result;
  const all = { options, ...rest, deeds: Object.fromEntries(deeds), logged: Object.fromEntries(logged), judged };
  writeFileSync(join(out, 'soak.json'), `${JSON.stringify(all)}\n`);
  for (const row of recoveryTable(result.recoveries)) console.log(row.join(' | '));
  const reasons = reasonsOf(result, judged);
  for (const reason of reasons) console.error(reason);
  const verdict = reasons.length === 0 ? 'passed' : 'failed';
  console.log(`${verdict}${result.isInterrupted ? ' so far: interrupted' : ''}; ${join(out, 'soak.html')} says more`);
  if (reasons.length > 0) process.exitCode = 1;
};

try {
  const options = parseSoakOptions(process.argv.slice(2), Date.now() % 2 ** 32);
  if (options === undefined) process.stdout.write(soakUsage);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
