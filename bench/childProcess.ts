import { fork } from 'node:child_process';
import { once } from 'node:events';
import { programOf } from './programOf.js';

/** Another process of the benchmark, with which messages are exchanged. Disposing of it kills it. */
export interface BenchChild<In, Out> extends AsyncDisposable {
  readonly pid: number;
  send(message: In): void;
  /** The next message of this kind. Rejects if the process ends before. */
  next<K extends Out['kind' & keyof Out]>(kind: K): Promise<Extract<Out, { readonly kind: K }>>;
}

/** Starts a program of the benchmark, in a process that has its memory and its event loop for itself. */
export const startChild = <In extends object, Out extends { readonly kind: string }>(
  program: string,
): BenchChild<In, Out> => {
  // stdout belongs to the results.
  const child = fork(programOf(program), { stdio: ['ignore', 2, 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    send: (message) => {
      child.send(message);
    },
    next: (kind) =>
      new Promise((resolve, reject) => {
        const look = (message: Out) => {
          if (message.kind !== kind) return;
          child.off('message', look);
          child.off('exit', fail);
          resolve(message as Extract<Out, { readonly kind: typeof kind }>);
        };
        const fail = () => {
          reject(new Error(`${program} ended before it said ${kind}`));
        };
        child.on('message', look);
        child.once('exit', fail);
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
