import { expect } from 'chai';
import { BehaviorSubject, NEVER, concat, of, throwError } from 'rxjs';
import { AuthorizationError } from '../../src/auth/auth.js';
import { channels } from '../../src/db/bus.js';
import { StoreError } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, carol, dave, north, south } from '../../src/testing/index.js';
import { virtualPeer } from '../support/virtualPeer.js';
import { busLatency, latency, metricsStage, type MeasuredCoordinator } from './metricsStage.js';

/** What several series show, in their order. */
const values = ({ value }: MeasuredCoordinator, ...series: readonly string[]) =>
  Promise.all(series.map((name) => value(name)));

/** What requests were counted with this result, by kind. */
const requestsOf = async (
  measured: MeasuredCoordinator,
  result: string,
): Promise<Readonly<Record<string, number | undefined>>> => {
  const kinds = ['update_self', 'add_tunnel', 'remove_tunnel', 'disconnect', 'ready_for_handshake', 'none'];
  const counts = await values(
    measured,
    ...kinds.map((kind) => `tailnet_requests_total{kind="${kind}",result="${result}"}`),
  );
  const found = kinds.map((kind, index) => [kind, counts[index]] as const).filter(([, count]) => count !== 0);
  return Object.fromEntries(found);
};

describe('the metrics of a coordinator', () => {
  it('say who it is and how it is', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect();
    const measured = stage.measured(north, wire);
    expect(await measured.value(`tailnet_coordinator_info{coordinator_id="${north}"}`)).to.equal(1);
    const states = ['starting', 'healthy', 'unhealthy', 'closing', 'closed'];
    const state = async () => {
      const flags = await values(measured, ...states.map((name) => `tailnet_health{state="${name}"}`));
      return states.filter((_, index) => flags[index] === 1);
    };
    expect(await state()).to.deep.equal(['starting']);
    stage.pass(100);
    expect(await state()).to.deep.equal(['healthy']);
    wire.faults.goAway();
    stage.pass(10_000);
    expect(await state()).to.deep.equal(['unhealthy']);
    void measured.coordinator.close();
    expect(await state()).to.deep.equal(['closed']);
  });

  it('count its peers, tunnels, edges, and those it looks at', async () => {
    const stage = metricsStage();
    const [northern, southern] = [stage.measured(north), stage.measured(south)];
    const held = (measured: MeasuredCoordinator) =>
      values(measured, ...['peers', 'watches', 'tunnels', 'edges', 'watched_peers'].map((name) => `tailnet_${name}`));
    stage.pass(100);
    expect(await held(northern)).to.deep.equal([0, 0, 0, 0, 0]);

    const peer = virtualPeer(northern.coordinator, alice);
    peer.tunnel(bob, carol);
    virtualPeer(southern.coordinator, bob);
    const watch = southern.coordinator.watch$(dave).subscribe();
    stage.pass(100);
    expect(await held(northern)).to.deep.equal([1, 0, 2, 2, 2]);
    expect(await held(southern)).to.deep.equal([1, 1, 0, 1, 2]);

    watch.unsubscribe();
    peer.goodbye();
    stage.pass(100);
    expect(await held(northern)).to.deep.equal([0, 0, 0, 0, 0]);
    expect(await held(southern)).to.deep.equal([1, 0, 0, 0, 0]);
  });

  it('count requests by what they ask for and what becomes of them', async () => {
    const stage = metricsStage();
    const measured = stage.measured();
    stage.pass(100);
    const peer = virtualPeer(measured.coordinator, alice);
    peer.derp(1);
    peer.tunnel(bob, carol);
    peer.removeTunnel(carol);
    peer.send({ ...requests.disconnect(), disconnect: undefined });
    peer.ready(dave);
    virtualPeer(measured.coordinator, bob).derp(1);
    stage.pass(200);
    peer.ready(bob);
    peer.goodbye();
    stage.pass(100);
    expect(await requestsOf(measured, 'accepted')).to.deep.equal({
      ...{ update_self: 2, add_tunnel: 2, remove_tunnel: 1, disconnect: 1, ready_for_handshake: 1, none: 1 },
    });
    expect(await requestsOf(measured, 'warned')).to.deep.equal({ ready_for_handshake: 1 });
    expect(await requestsOf(measured, 'invalid')).to.deep.equal({});
  });

  it('count requests that ended their connection by why', async () => {
    const stage = metricsStage();
    const measured = stage.measured();
    stage.pass(100);
    const { updateSelf } = requests.updateSelf({ preferredDerp: 1 });
    const both: CoordinateRequest = { ...requests.addTunnel(bob), updateSelf };
    const nonsense: CoordinateRequest = { ...requests.addTunnel(bob), addTunnel: { id: new Uint8Array(3) } };
    const { coordinator } = measured;
    coordinator.coordinate$(alice, concat(of(nonsense), NEVER)).subscribe();
    const refuse = () => throwError(() => new AuthorizationError('no'));
    coordinator.coordinate$(alice, concat(of(both), NEVER), { auth: refuse }).subscribe();
    const defect = () => {
      throw new TypeError('a defect');
    };
    coordinator.coordinate$(alice, concat(of(requests.disconnect()), NEVER), { auth: defect }).subscribe();
    stage.pass(100);
    expect(await requestsOf(measured, 'invalid')).to.deep.equal({ add_tunnel: 1 });
    expect(await requestsOf(measured, 'unauthorized')).to.deep.equal({ update_self: 1, add_tunnel: 1 });
    expect(await requestsOf(measured, 'failed')).to.deep.equal({ disconnect: 1 });
    expect(await requestsOf(measured, 'accepted')).to.deep.equal({});
  });

  it('take the time of a node from its request to the database, to the bus, and from there to who looks', async () => {
    const stage = metricsStage();
    const [northern, southern] = [stage.measured(north), stage.measured(south)];
    stage.pass(100);
    const [peer, other] = [virtualPeer(northern.coordinator, alice), virtualPeer(southern.coordinator, bob)];
    other.tunnel(alice);
    stage.pass(200);
    const stages = (measured: MeasuredCoordinator) =>
      Promise.all(
        ['written', 'heard', 'told'].map((name) =>
          measured.observed('tailnet_propagation_seconds', `{stage="${name}"}`),
        ),
      );
    const nothing = { count: 0, sum: 0 };
    expect(await stages(northern)).to.deep.equal([nothing, nothing, nothing]);

    peer.derp(1);
    stage.pass(200);
    const [written, heard] = [latency, latency / 2 + busLatency];
    expect(await stages(northern)).to.deep.equal([{ count: 1, sum: written }, { count: 1, sum: heard }, nothing]);
    expect(await stages(southern)).to.deep.equal([nothing, nothing, { count: 1, sum: latency }]);

    // What differs in nothing is not written, and takes no time.
    peer.derp(1);
    stage.pass(200);
    // Nor does what is read for another reason than a notification, or written without a request.
    virtualPeer(northern.coordinator, carol).tunnel(alice);
    stage.pass(200);
    peer.drop();
    stage.pass(200);
    expect(await stages(northern)).to.deep.equal([
      { count: 1, sum: written },
      { count: 1, sum: heard },
      { count: 1, sum: latency },
    ]);
  });

  it('forget what may never be heard', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    stage.pass(100);
    const undo = wire.faults.dropNotifications();
    virtualPeer(measured.coordinator, alice).derp(1);
    stage.pass(100);
    undo();
    wire.faults.gap();
    stage.pass(1000);
    virtualPeer(measured.coordinator, alice).derp(2);
    stage.pass(100);
    expect(await measured.observed('tailnet_propagation_seconds', '{stage="heard"}')).to.deep.equal({
      ...{ count: 1, sum: latency / 2 + busLatency },
    });
  });

  it('forget a node whose peer has said goodbye before it was written: no notification tells of that', async () => {
    const stage = metricsStage();
    const measured = stage.measured();
    stage.pass(100);
    const peer = virtualPeer(measured.coordinator, alice);
    peer.derp(1);
    peer.goodbye();
    stage.pass(60_000);
    virtualPeer(measured.coordinator, alice).derp(2);
    stage.pass(100);
    expect(await measured.observed('tailnet_propagation_seconds', '{stage="heard"}')).to.deep.equal({
      ...{ count: 1, sum: latency / 2 + busLatency },
    });
  });

  it('forget a notification when nobody looks any more by the time that it could be read', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    stage.pass(100);
    const peer = virtualPeer(stage.measured(south).coordinator, alice);
    peer.derp(1);
    const watcher = virtualPeer(measured.coordinator, bob);
    watcher.tunnel(alice);
    stage.pass(200);
    // What it is told of by the row itself it need not read.
    wire.faults.dropNotifications((channel) => channel === channels.binding);
    const before = await measured.observed('tailnet_propagation_seconds', '{stage="told"}');

    wire.faults.failNext('readBindings');
    peer.derp(2);
    // Heard, and not read: it will be tried again.
    stage.pass(100);
    watcher.goodbye();
    stage.pass(60_000);
    virtualPeer(measured.coordinator, bob).tunnel(alice);
    stage.pass(200);
    peer.derp(3);
    stage.pass(200);
    expect(await measured.observed('tailnet_propagation_seconds', '{stage="told"}')).to.deep.equal({
      ...{ count: before.count + 1, sum: before.sum + latency },
    });
  });

  it('count what peers are told, by kind', async () => {
    const stage = metricsStage();
    const measured = stage.measured();
    stage.pass(100);
    const watcher = virtualPeer(measured.coordinator, alice);
    watcher.tunnel(bob, carol);
    watcher.derp(9);
    const [peer, other] = [virtualPeer(measured.coordinator, bob), virtualPeer(measured.coordinator, carol)];
    peer.derp(1);
    other.derp(1);
    stage.pass(200);
    peer.ready(alice);
    peer.derp(2);
    stage.pass(200);
    peer.drop();
    other.goodbye();
    stage.pass(200);
    const kinds = ['NODE', 'LOST', 'DISCONNECTED', 'READY_FOR_HANDSHAKE'];
    expect(await values(measured, ...kinds.map((kind) => `tailnet_updates_total{kind="${kind}"}`))).to.deep.equal([
      ...[5, 1, 1, 1],
    ]);
  });

  it('count receivers that are not ready, for how long, and what is merged for them', async () => {
    const stage = metricsStage();
    const measured = stage.measured();
    stage.pass(100);
    const ready$ = new BehaviorSubject(true);
    const slow = virtualPeer(measured.coordinator, alice, { ready$ });
    slow.tunnel(bob);
    const other = virtualPeer(measured.coordinator, bob);
    other.derp(1);
    stage.pass(200);
    const counted = () => values(measured, 'tailnet_receivers_waiting', 'tailnet_conflated_total');
    expect(await counted()).to.deep.equal([0, 0]);

    ready$.next(false);
    ready$.next(false);
    for (const derp of [2, 3, 4]) {
      other.derp(derp);
      stage.pass(100);
    }
    expect(await counted()).to.deep.equal([1, 3]);
    ready$.next(true);
    expect(await counted()).to.deep.equal([0, 3]);
    expect(await measured.observed('tailnet_receiver_wait_seconds')).to.deep.equal({ count: 1, sum: 300 });

    ready$.next(false);
    stage.pass(50);
    slow.drop();
    expect(await counted()).to.deep.equal([0, 3]);
    expect(await measured.observed('tailnet_receiver_wait_seconds')).to.deep.equal({ count: 2, sum: 350 });
  });

  it('take the time of calls of the database, and count their keys and errors', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    stage.pass(100);
    wire.faults.failNext('writeBindings');
    wire.faults.failNext('writeTunnels', 1, new StoreError('missing-coordinator', 'no row'));
    for (const id of [alice, bob, carol]) virtualPeer(measured.coordinator, id).derp(1);
    const peer = virtualPeer(measured.coordinator, dave);
    peer.tunnel(alice, bob);
    peer.ready(alice);
    stage.pass(1500);
    const query = (name: string, query: string) => measured.observed(name, `{query="${query}"}`);
    expect(await query('tailnet_query_duration_seconds', 'writeBindings')).to.deep.equal({ count: 2, sum: 20 });
    expect(await query('tailnet_query_keys', 'writeBindings')).to.deep.equal({ count: 2, sum: 6 });
    expect(await query('tailnet_query_keys', 'writeTunnels')).to.deep.equal({ count: 2, sum: 4 });
    const errors = (query: string, reason: string) =>
      measured.value(`tailnet_query_errors_total{query="${query}",reason="${reason}"}`);
    expect(await errors('writeBindings', 'unavailable')).to.equal(1);
    expect(await errors('writeTunnels', 'missing-coordinator')).to.equal(1);
    expect(await errors('writeTunnels', 'unavailable')).to.equal(0);

    wire.faults.hang('heartbeat');
    stage.pass(4000);
    expect(await errors('heartbeat', 'abandoned')).to.equal(2);
  });

  it('count keys that share a run with what waits, and those that are given up', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    stage.pass(100);
    const undo = wire.faults.failWhen(({ method }) =>
      method === 'writeBindings' ? new StoreError('refused', 'never') : undefined,
    );
    const peer = virtualPeer(measured.coordinator, alice);
    for (const derp of [1, 2, 3]) peer.derp(derp);
    const work = (name: string, of: string) => measured.value(`tailnet_${name}_total{work="${of}"}`);
    expect(await work('coalesced', 'writeBindings')).to.equal(2);
    expect(await work('given_up', 'writeBindings')).to.equal(0);
    stage.pass(100);
    expect(await work('coalesced', 'writeBindings')).to.equal(2);
    expect(await work('given_up', 'writeBindings')).to.equal(1);
    expect(await work('given_up', 'writeTunnels')).to.equal(0);

    undo();
    peer.derp(4);
    stage.pass(100);
    expect(await measured.observed('tailnet_propagation_seconds', '{stage="written"}')).to.deep.equal({
      ...{ count: 1, sum: latency },
    });
  });

  it('count heartbeats, and take the time until they are heard', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    const results = () =>
      values(measured, ...['written', 'failed'].map((result) => `tailnet_heartbeats_total{result="${result}"}`));
    stage.pass(5000);
    expect(await results()).to.deep.equal([3, 0]);
    const roundTrip = latency / 2 + busLatency;
    expect(await measured.observed('tailnet_listen_round_trip_seconds')).to.deep.equal({
      count: 3,
      sum: 3 * roundTrip,
    });

    // It takes effect when nobody waits for it any more.
    wire.faults.failBeforeEffect(500, 'heartbeat');
    stage.pass(2000);
    expect(await results()).to.deep.equal([3, 1]);
    expect(await measured.observed('tailnet_listen_round_trip_seconds')).to.deep.equal({
      count: 3,
      sum: 3 * roundTrip,
    });
  });

  it('show the other coordinators while they live, and how long each has been silent', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect();
    const measured = stage.measured(north);
    const age = `tailnet_coordinator_heartbeat_age_seconds{coordinator_id="${south}"}`;
    const counted = () => values(measured, 'tailnet_coordinators_live', 'tailnet_coordinators_lost_total', age);
    stage.pass(1000);
    expect(await counted()).to.deep.equal([1, 0, undefined]);
    stage.measured(south, wire);
    stage.pass(2000 + busLatency + 500);
    expect(await counted()).to.deep.equal([2, 0, 0.5]);

    wire.faults.goAway();
    stage.pass(2000);
    expect(await counted()).to.deep.equal([2, 0, 2.5]);
    stage.pass(5000);
    expect(await counted()).to.deep.equal([1, 1, undefined]);
  });

  it('count those who live and are not heard, as by another bus, until they are', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect();
    const measured = stage.measured(north, wire);
    stage.measured(south);
    const counted = () => values(measured, 'tailnet_coordinators_live', 'tailnet_coordinators_unheard');
    stage.pass(1000);
    expect(await counted()).to.deep.equal([2, 0]);
    const undo = wire.faults.dropNotifications(
      (channel, payload) => channel === channels.heartbeat && payload === south,
    );
    stage.pass(60_000);
    expect(await counted()).to.deep.equal([2, 1]);
    undo();
    stage.pass(2500);
    expect(await counted()).to.deep.equal([2, 0]);
  });

  it('count notifications by kind, gaps, and the resyncs that follow', async () => {
    const stage = metricsStage();
    const wire = stage.database.connect({ latency, busLatency });
    const measured = stage.measured(north, wire);
    stage.pass(100);
    const peer = virtualPeer(measured.coordinator, alice);
    peer.derp(1);
    peer.tunnel(bob);
    virtualPeer(measured.coordinator, bob).derp(1);
    stage.pass(400);
    peer.ready(bob);
    stage.pass(100);
    const kinds = ['heartbeat', 'peer', 'tunnel', 'ready'];
    expect(await values(measured, ...kinds.map((kind) => `tailnet_hints_total{kind="${kind}"}`))).to.deep.equal([
      ...[1, 2, 1, 1],
    ]);
    expect(await measured.value('tailnet_gaps_total')).to.equal(1);
    const before = await measured.observed('tailnet_resync_duration_seconds');
    wire.faults.gap();
    stage.pass(400);
    expect(await measured.value('tailnet_gaps_total')).to.equal(2);
    const after = await measured.observed('tailnet_resync_duration_seconds');
    // One chunk of peers and one of those they look at, with a pause of 5 ms after each.
    expect(after).to.deep.equal({ count: before.count + 1, sum: before.sum + 10 });
  });
});
