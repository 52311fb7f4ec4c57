import { expect } from 'chai';
import { Subject } from 'rxjs';
import type { GatewayEvent } from '../../src/gateways/gatewayEvent.js';
import { alice } from '../../src/testing/index.js';
import { metricsStage } from './metricsStage.js';

const opened: GatewayEvent = {
  ...{ kind: 'opened', peerId: alice, name: 'alice', role: 'peer' },
  ...{ remoteAddress: '192.0.2.7', protocol: 'tailnet.v2.proto' },
};

const closed = (code: number): GatewayEvent => ({
  ...{ kind: 'closed', peerId: alice, code, reason: '', received: 1, sent: 2, durationMs: 3 },
});

describe('the metrics of gateways', () => {
  it('count connections that are open, that came and that went', async () => {
    const { metrics, value } = metricsStage().measured();
    const events$ = new Subject<GatewayEvent>();
    const passed: GatewayEvent[] = [];
    const gateway = events$.pipe(metrics.gateway('websocket')).subscribe((event) => passed.push(event));
    events$.next({ kind: 'listening', url: 'http://127.0.0.1:7350' });
    const open = 'tailnet_connections{gateway="websocket"}';
    expect(await value(open)).to.equal(0);
    for (const event of [opened, opened, opened, closed(1001)]) events$.next(event);
    expect(await value(open)).to.equal(2);
    expect(await value('tailnet_connections_opened_total{gateway="websocket",protocol="tailnet.v2.proto"}')).to.equal(
      3,
    );
    expect(await value('tailnet_connections_closed_total{code="1001",gateway="websocket"}')).to.equal(1);
    expect(passed).to.have.lengthOf(5);

    gateway.unsubscribe();
    expect(await value(open)).to.equal(0);
  });

  it('count codes that peers made up as one', async () => {
    const { metrics, value } = metricsStage().measured();
    for (const code of [4000, 4001, 3999]) metrics.gatewayEvent('websocket', closed(code));
    expect(await value('tailnet_connections_closed_total{code="other",gateway="websocket"}')).to.equal(3);
    expect(await value('tailnet_connections_closed_total{code="4000",gateway="websocket"}')).to.equal(undefined);
  });

  it('count who was turned away, and what failed', async () => {
    const { metrics, value } = metricsStage().measured();
    metrics.gatewayEvent('grpc', { kind: 'rejected', status: 401, reason: 'no token', remoteAddress: '192.0.2.7' });
    metrics.gatewayEvent('grpc', { kind: 'failed', peerId: alice, error: new Error('a defect') });
    expect(await value('tailnet_connections_rejected_total{gateway="grpc",status="401"}')).to.equal(1);
    expect(await value('tailnet_connections_failed_total{gateway="grpc"}')).to.equal(1);
  });
});
