import { draftPlan } from './draftPlan.js';
import { simulate } from './simulate.js';
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 50), trace = process.argv[4]==='t';
let bad = 0; const t=Date.now();
for (let seed = from; seed < from + n; seed++) {
  const o = simulate(draftPlan(seed), {isTracing: trace});
  if (o.violations.length) { bad++; if (trace) console.log(o.log.join('\n')); console.log(seed, o.violations.slice(0, 3).map(v=>`${v.at} ${v.invariant}: ${v.what}`)); }
}
console.log(bad, 'of', n, (Date.now()-t)/n, 'ms each');
