import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NEVER, concat, lastValueFrom, map, of, takeWhile, tap } from 'rxjs';
import { requests } from 'tailnet-coordinator';
import type { Coordinator } from 'tailnet-coordinator';
import { alice, bob, describeUpdates } from 'tailnet-coordinator/testing';

const commandLine = new URL('dist/cli/main.js', import.meta.resolve('tailnet-coordinator/package.json'));

/**
 * What happens at the servers of the examples: Bob comes over the network, with the peer of the command line. Alice is here,
 * and watches him until he has gone.
 *
 * @param url of the WebSocket gateway
 */
export const meetBob = async (coordinator: Pick<Coordinator, 'coordinate$'>, url: string): Promise<void> => {
  const words = [fileURLToPath(commandLine), 'peer', '--url', url, '--id', bob, '--derp', '2'];
  const bobs = spawn(process.execPath, words);
  const bobLeft = new Promise((resolve) => bobs.once('close', resolve));
  await lastValueFrom(
    coordinator.coordinate$(alice, concat(of(requests.addTunnel(bob)), NEVER)).pipe(
      map((response) => describeUpdates(response).join()),
      tap((line) => {
        console.log(line);
        // He says goodbye when he is interrupted.
        if (line.includes('NODE')) bobs.kill('SIGINT');
      }),
      takeWhile((line) => !line.includes('DISCONNECTED')),
    ),
  );
  await bobLeft;
};
