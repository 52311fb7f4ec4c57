import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Subject } from 'rxjs';

/** A key that can be told to be gone: nothing but what is under test holds it. */
export interface HeldKey {
  readonly name: string;
}

/** Sends a key that nobody else holds, so many times. */
export const sendKey = (keys$: Subject<HeldKey>, name: string, times: number): WeakRef<HeldKey> => {
  const key = { name };
  for (let time = 1; time <= times; time++) keys$.next(key);
  return new WeakRef(key);
};

/** The names of the keys that somebody still holds, however often garbage is collected. */
export const aliveOf = async (references: readonly WeakRef<HeldKey>[]): Promise<readonly string[]> => {
  const alive = () => references.flatMap((reference) => reference.deref()?.name ?? []);
  await untilCollected(() => alive().length === 0);
  return alive();
};

/** Collects garbage until that has done what it should, or for so long that it never will. */
export const untilCollected = async (isDone: () => boolean): Promise<void> => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  // References are strong until the job in which they were made or read has ended, and what lies on the stack, even
  // unused, holds on to some. So a few turns may pass; what leaks is still there after any number of them.
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    if (isDone()) break;
  }
};
