import { expect } from 'chai';
import type { Observable } from 'rxjs';
import type { BindingWrite, Tunnel, TunnelWrites, Uuid, Writer } from '../../../src/db/store.js';
import { aNode, north, type FaultyDatabase } from '../../../src/testing/index.js';
import { encodeNode } from '../../../src/proto/node.js';

/** The one value that a call answers before its subscription returns. */
export const answer = <T>(call$: Observable<T>): T => {
  const values: T[] = [];
  const ends: ('complete' | Error)[] = [];
  call$.subscribe({
    next: (value) => values.push(value),
    error: (error: Error) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  if (ends[0] instanceof Error) throw ends[0];
  expect(ends).to.deep.equal(['complete']);
  expect(values).to.have.lengthOf(1);
  return values[0] as T;
};

/** The error with which a call fails before its subscription returns. */
export const failureOf = (call$: Observable<unknown>): unknown => {
  try {
    answer(call$);
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure');
};

export const writer: Writer = { coordinatorId: north, expiry: 6000 };

export const node = (peerId: Uuid, derp = 1): BindingWrite => ({
  kind: 'node',
  peerId,
  node: encodeNode(aNode({ of: peerId, derp })),
});

export const adding = (...add: readonly Tunnel[]): TunnelWrites => ({ add, remove: [], clear: [] });

/** Hears a channel: `gap`, or the payload. */
export const hear = ({ bus }: Pick<FaultyDatabase, 'bus'>, channel: string) => {
  const heard: string[] = [];
  const subscription = bus
    .listen$(channel)
    .subscribe((event) => heard.push(event.kind === 'gap' ? 'gap' : event.payload));
  return { heard, stop: () => subscription.unsubscribe() };
};
