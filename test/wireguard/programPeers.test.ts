import { expect } from 'chai';
import { EMPTY, Subject, defer, map, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { ShownPeer, WireGuardChange } from '../../examples/wireguard/agent/planPeers.js';
import { programPeers } from '../../examples/wireguard/agent/programPeers.js';
import type { WireGuardInterface } from '../../examples/wireguard/agent/wireguardInterface.js';
import { toNodeKey } from '../../examples/wireguard/agent/wireguardKeys.js';
import { Node } from '../../src/proto/gen/tailnet.js';

const own = { id: 'a11ce000-0000-4000-8000-00000000000a', publicKey: Buffer.alloc(32, 'a').toString('base64') };
const bob = 'b0b00000-0000-4000-8000-00000000000b';
const twin = 'bad00000-0000-4000-8000-00000000000b';

const shown = (port: number, key = 'b'): ShownPeer => ({
  node: Node.fromPartial({
    key: toNodeKey(Buffer.alloc(32, key).toString('base64')),
    endpoints: [`192.0.2.2:${port}`],
  }),
  status: 'ok',
  isReadyForHandshake: false,
});

/** An interface at which each look takes ten milliseconds. */
const slowInterface = (): WireGuardInterface & { readonly sets: string[] } => {
  const sets: string[] = [];
  const portOf = (change: WireGuardChange) => (change.kind === 'set' ? (change.peer.endpoint ?? '').slice(10) : '-');
  return {
    sets,
    peers$: defer(() => timer(10).pipe(map(() => []))),
    change: (changes) =>
      defer(() => {
        sets.push(changes.map(portOf).join());
        return EMPTY;
      }),
  };
};

/** What was taken up after each look, when this has been shown, in virtual time. */
const programmed = (wireguard: WireGuardInterface, show: (all: ReadonlyMap<string, ShownPeer>[]) => void): string[] => {
  const takenUp: string[] = [];
  const all: ReadonlyMap<string, ShownPeer>[] = [];
  show(all);
  new TestScheduler(() => undefined).run(() => {
    const shown$ = new Subject<ReadonlyMap<string, ShownPeer>>();
    programPeers(shown$, wireguard, { own, dialled: new Set() }).subscribe((done) => takenUp.push(done.takenUp.join()));
    for (const peers of all) shown$.next(peers);
    timer(6000).subscribe(() => shown$.complete());
  });
  return takenUp;
};

describe('programming the peers of a WireGuard interface', () => {
  it('goes from what it was at to the newest, whatever came in between', () => {
    const wireguard = slowInterface();
    const takenUp = programmed(wireguard, (all) => {
      for (let port = 1; port <= 1000; port++) all.push(new Map([[bob, shown(port)]]));
    });
    expect(wireguard.sets.slice(0, 2)).to.deep.equal(['1', '1000']);
    // The last look is that for those who were waited for.
    expect(takenUp).to.deep.equal([bob, bob, '']);
  });

  it('says once that a node is in use, and not of who was left out', () => {
    const peers = new Map([
      [bob, shown(1)],
      [twin, shown(1, 't')],
    ]);
    expect(programmed(slowInterface(), (all) => all.push(peers))).to.deep.equal([bob, '']);
  });
});
