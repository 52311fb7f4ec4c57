import { expect } from 'chai';
import { Observable, type Subscriber } from 'rxjs';
import { BenchPeer } from '../../bench/peers/benchPeer.js';
import { type PeerRun, createPeerRun } from '../../bench/peers/peerRun.js';
import type { CoordinateRequest, CoordinateResponse, Node } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind } from '../../src/proto/responses.js';

/** A peer, and the other end of its connection. */
const connected = () => {
  const run = createPeerRun();
  const requests: CoordinateRequest[] = [];
  let responses: Subscriber<CoordinateResponse> | undefined;
  const peer = new BenchPeer(1, run);
  peer.connect({
    coordinate$: (_id, requests$) =>
      new Observable((subscriber) => {
        responses = subscriber;
        requests$?.subscribe((request) => requests.push(request));
      }),
  });
  const tell = (...updates: CoordinateResponse['peerUpdates']) => responses?.next({ peerUpdates: updates, error: '' });
  return { run, peer, requests, tell, responses: () => responses };
};

const update = (run: PeerRun, peer: number, kind: PeerUpdateKind, node: Node | undefined) => ({
  ...{ id: run.ids.bytesOf(peer), kind, node },
  reason: '',
});
const nodeOf = (run: PeerRun, peer: number, version: number) =>
  update(run, peer, PeerUpdateKind.NODE, run.compose(peer, version));

describe('a peer of the benchmark', () => {
  it('publishes one version after the other, and opens tunnels', () => {
    const { run, peer, requests } = connected();
    peer.update();
    peer.update();
    peer.addTunnel(9);
    expect(requests.map(({ updateSelf }) => updateSelf?.node?.preferredDerp)).to.deep.equal([1, 2, undefined]);
    expect(requests.at(-1)?.addTunnel?.id).to.deep.equal(run.ids.bytesOf(9));
    expect(peer.version).to.equal(2);
  });

  it('has a version of another peer once it was read, and keeps it', () => {
    const { run, peer, tell } = connected();
    tell(nodeOf(run, 2, 5), nodeOf(run, 3, 1));
    tell(nodeOf(run, 2, 4));
    expect([peer.has(2, 5), peer.has(2, 6), peer.has(3, 1), peer.has(4, 1)]).to.deep.equal([true, false, true, false]);
    expect(run.received).to.equal(3);
  });

  it('waits for a version or a later one, of each of several peers', async () => {
    const { run, peer, tell } = connected();
    const [second, third] = [peer.eventuallyHas(2, 3, 1000), peer.eventuallyHas(3, 1, 1000)];
    tell(nodeOf(run, 2, 2));
    expect(run.watchdog.pending).to.equal(2);
    tell(nodeOf(run, 3, 1), nodeOf(run, 2, 7));
    expect(run.watchdog.pending).to.equal(0);
    expect(await second).to.be.a('number');
    // One response, one stamp.
    expect(await third).to.equal(await second);
    expect(await peer.eventuallyHas(2, 7, 1000)).to.be.a('number');
  });

  it('does not take a loss for a node', async () => {
    const { run, peer, tell } = connected();
    const lost = run.watchdog.expect(1, 1000);
    peer.whenLost(2, lost);
    tell(update(run, 2, PeerUpdateKind.LOST, run.compose(2, 9)));
    expect(await lost.reached).to.be.a('number');
    expect(peer.has(2, 1)).to.equal(false);
  });

  it('notes what its coordinator complains about', () => {
    const { run, responses } = connected();
    for (let time = 0; time < 2; time++) responses()?.next({ peerUpdates: [], error: 'coordinator closed' });
    expect([...run.complaints]).to.deep.equal([['coordinator closed', 2]]);
  });
});
