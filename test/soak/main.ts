// npm run soak -- --minutes 30 --seed 7
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../../bench/report/environment.js';
import { buildIfStale } from '../support/buildIfStale.js';
import { startTool } from '../tools/startTool.js';
import { interrupted, untilSignal } from '../tools/untilSignal.js';
import { judgeSeries } from './judgeSeries.js';
import { reasonsOf, recoveryLines, soakPage } from './report.js';
import { makeReportFolder } from './reportFolder.js';
import { soak } from './soak.js';
import { soakCommand, type SoakOptions } from './soakCommand.js';

const act = async (options: SoakOptions): Promise<number> => {
  const { minutes, peers, rate, seed, out } = options;
  // Before anything is measured: a report that cannot be written must not cost a run.
  makeReportFolder(out);
  if (!buildIfStale()) return 1;
  console.log(`seed ${seed}`);
  const command = `npm run soak -- --minutes ${minutes} --peers ${peers} --rate ${rate} --seed ${seed}`;
  // Of now: sources may be changed before the end.
  const where = environment(command);
  const result = await soak(options, untilSignal());
  const judged = judgeSeries(result.samples);
  const reasons = reasonsOf(result, judged);
  if (result.isInterrupted && result.recoveries.length === 0 && reasons.length === 0) {
    console.log('interrupted before anything was measured');
    return interrupted;
  }
  writeFileSync(join(out, 'soak.html'), soakPage(result, judged, { ...where, postgresql: result.postgresql }));
  const { deeds, logged, ...rest } = result;
  const all = { options, ...rest, deeds: Object.fromEntries(deeds), logged: Object.fromEntries(logged), judged };
  writeFileSync(join(out, 'soak.json'), `${JSON.stringify(all)}\n`);
  if (result.recoveries.length > 0) console.log(recoveryLines(result.recoveries));
  for (const reason of reasons) console.error(reason);
  const verdict = reasons.length === 0 ? 'passed' : 'failed';
  console.log(`${verdict}${result.isInterrupted ? ' so far: interrupted' : ''}; ${join(out, 'soak.html')} says more`);
  return reasons.length === 0 ? 0 : 1;
};

await startTool(soakCommand(Date.now() % 2 ** 32), act);
