import { expect } from 'chai';
import { NEVER, asyncScheduler, lastValueFrom, of, toArray } from 'rxjs';
import { failOver } from '../../examples/wireguard/agent/failOver.js';
import type { Transport, TransportCall, TransportEvent } from '../../src/client/transport.js';

const urls = ['ws://north/', 'ws://south/'].map((url) => new URL(url));
const call: TransportCall = { id: 'b0b00000-0000-4000-8000-00000000000b', requests$: NEVER, scheduler: asyncScheduler };

/** Every connection to it comes to this. */
const transportThat = (...events: readonly TransportEvent[]): Transport => ({
  protocols: ['ws:'],
  example: 'ws://…',
  connect$: () => of(...events),
});

describe('a transport that knows several coordinators', () => {
  it('tries the next one after each connection that has ended, and the first one after the last', async () => {
    const tried: string[] = [];
    const closed: TransportEvent = { kind: 'closed', code: 1006, reason: 'refused' };
    const transport = failOver(urls, transportThat(closed), ({ hostname }) => tried.push(hostname));
    for (let count = 0; count < 3; count += 1) {
      expect(await lastValueFrom(transport.connect$(call).pipe(toArray()))).to.deep.equal([closed]);
    }
    expect(tried).to.deep.equal(['north', 'south', 'north']);
  });

  it('stays with one from which it was taken away', async () => {
    const tried: string[] = [];
    const transport = failOver(urls, transportThat({ kind: 'open' }), ({ hostname }) => tried.push(hostname));
    for (let count = 0; count < 2; count += 1) await lastValueFrom(transport.connect$(call));
    expect(tried).to.deep.equal(['north', 'north']);
  });

  it('tells the transport where to connect', async () => {
    let reached: URL | undefined;
    const inner: Transport = { ...transportThat(), connect$: ({ url }) => ((reached = url), of({ kind: 'open' })) };
    await lastValueFrom(failOver(urls, inner, () => {}).connect$(call));
    expect(reached?.href).to.equal('ws://north/');
  });
});
