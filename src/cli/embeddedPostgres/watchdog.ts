import { spawn } from 'node:child_process';
import { asAccount, type ServerAccount } from './serverAccount.js';

/** Stops the server when this process ends without having done so, even by SIGKILL. */
export interface Watchdog {
  /** The server has ended: there is nothing to stop any more. */
  dismiss(): void;
}

/**
 * A shell that reads from a pipe which only this process can write to. At its end the shell asks the server for a fast
 * shutdown, after 10 s for an immediate one. It looks first whether the process still is the server.
 */
const script = `
trap '' INT TERM HUP
if read -r word; then exit 0; fi
still_there() { [ "$(head -n 1 postmaster.pid 2>/dev/null)" = "$1" ] && kill -0 "$1" 2>/dev/null; }
still_there "$1" || exit 0
kill -CONT "$1"
kill -INT "$1"
for second in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  still_there "$1" || exit 0
done
kill -QUIT "$1"
`;

/** Watches over the server with this process id, in this data directory. Does nothing on Windows. */
export function startWatchdog(serverPid: number, data: string, account: ServerAccount): Watchdog {
  if (process.platform === 'win32') return { dismiss: () => {} };
  const shell = spawn('sh', ['-c', script, 'tailnet-coordinator-watchdog', String(serverPid)], {
    ...asAccount(account),
    cwd: data,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ignore = () => {};
  shell.on('error', ignore);
  shell.stdin.on('error', ignore);
  shell.unref();
  return { dismiss: () => shell.stdin.end('dismissed\n') };
}
