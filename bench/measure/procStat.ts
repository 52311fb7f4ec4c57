import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** Seconds per clock tick of /proc. */
const tick = 0.01;

interface ProcessTimes {
  readonly parent: number;
  /** User and system time of the process itself, seconds. */
  readonly own: number;
  /** The same of its children that have ended. */
  readonly ended: number;
}

const readTimes = (pid: number): ProcessTimes | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // It has ended meanwhile.
  }
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (index: number): number => fields[index] ?? 0;
  return { parent: at(1), own: (at(11) + at(12)) * tick, ended: (at(13) + at(14)) * tick };
};

/** The parent of a server process with this id on this machine, if it is one of PostgreSQL; undefined if it runs elsewhere. */
export const postmasterOf = (backend: number): number | undefined => {
  const name = `/proc/${backend}/comm`;
  if (!existsSync(name) || !readFileSync(name, 'utf8').startsWith('postgres')) return undefined;
  return readTimes(backend)?.parent;
};

/** CPU seconds of a server process and all its live children, plus those of its children that have ended. */
export const cpuOfServer = (postmaster: number): number => {
  const server = readTimes(postmaster);
  if (server === undefined) return 0;
  let total = server.own + server.ended;
  for (const entry of readdirSync('/proc')) {
    const times = /^\d+$/.test(entry) ? readTimes(Number(entry)) : undefined;
    if (times?.parent === postmaster) total += times.own;
  }
  return total;
};

/** Seconds for which the processors of the machine were busy; always 0 where there is no /proc. */
export const cpuOfMachine = (): number => {
  if (!existsSync('/proc/stat')) return 0;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) * tick;
};

/** Resident memory of this process in bytes. */
export const residentBytes = (): number => {
  if (!existsSync('/proc/self/status')) return process.memoryUsage.rss();
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
};
