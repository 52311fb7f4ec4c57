import { expect } from 'chai';
import type { Pool } from 'pg';
import { map } from 'rxjs';
import { runOn } from '../../../src/db/postgres/runStatement.js';
import { StoreError } from '../../../src/db/store.js';
import { untilCollected } from '../../streams/support/heldKeys.js';

type Callback = (error: Error | undefined, result: { readonly rows: readonly unknown[] }) => void;

/** A pool that answers when it is told to, and keeps every callback, as one does while a connection is idle. */
const fakePool = () => {
  const callbacks: Callback[] = [];
  const pool = { query: (_config: unknown, callback: Callback) => callbacks.push(callback) } as unknown as Pool; // eslint-disable-line no-restricted-syntax -- the one method that is used
  return { run: runOn(pool), callbacks };
};

const statement = { text: 'SELECT 1' };
const nothing = (): undefined => undefined;

describe('runOn', () => {
  it('runs once for each subscription, and gives what is made of the rows', () => {
    const { run, callbacks } = fakePool();
    const count$ = run<object, number>(statement, [], (rows) => rows.length);
    const heard: unknown[] = [];
    expect(callbacks).to.have.lengthOf(0);
    for (const name of ['first', 'second']) {
      count$.subscribe({ next: (count) => heard.push(name, count), complete: () => heard.push('done') });
    }
    callbacks[1]?.(undefined, { rows: [{}, {}] });
    callbacks[0]?.(undefined, { rows: [{}] });
    expect(heard).to.deep.equal(['second', 2, 'done', 'first', 1, 'done']);
  });

  it('gives an error of the database as one of the store, and a defect of the reader as it is', () => {
    const { run, callbacks } = fakePool();
    const errors: unknown[] = [];
    const defect = new Error('should have given a row');
    const broken$ = run(statement, [], () => {
      throw defect;
    });
    for (let time = 0; time < 2; time++) broken$.subscribe({ error: (error: unknown) => errors.push(error) });
    callbacks[0]?.(new Error('gone'), { rows: [] });
    callbacks[1]?.(undefined, { rows: [] });
    expect(errors[0]).to.be.instanceOf(StoreError).with.property('reason', 'unavailable');
    expect(errors[1]).to.equal(defect);
  });

  it('holds nothing of what was asked once it is answered, however long the callback is kept', async () => {
    const { run, callbacks } = fakePool();
    const ask = () => {
      const batch = { keys: ['a lot'] };
      run(statement, [], nothing)
        .pipe(map(() => batch))
        .subscribe();
      return new WeakRef(batch);
    };
    const reference = ask();
    callbacks[0]?.(undefined, { rows: [] });
    await untilCollected(() => reference.deref() === undefined);
    expect(reference.deref()).to.equal(undefined);
    expect(callbacks).to.have.lengthOf(1);
  });
});
