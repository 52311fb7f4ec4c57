import { once } from 'node:events';
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { BehaviorSubject, EMPTY, firstValueFrom, ReplaySubject, skip, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Health } from '../../src/api.js';
import { healthService } from '../../src/gateways/grpcHealth.js';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../../src/proto/gen/grpc/health/v1/health.js';
import type { HealthCheckResponse } from '../../src/proto/gen/grpc/health/v1/health.js';
import { GrpcFixture } from './grpcFixture.js';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;
const tailnet = 'coder.tailnet.v2.Tailnet';

describe('the health service of a gRPC gateway', () => {
  let fixture: GrpcFixture;
  let clients: Client[];
  beforeEach(() => {
    fixture = new GrpcFixture();
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
    fixture.end();
  });

  const serve = async (health$?: Observable<Health>) => {
    const { coordinator } = fixture;
    const gateway = await fixture.serve(
      {},
      { coordinate$: (...given) => coordinator.coordinate$(...given), ...(health$ && { health$ }) },
    );
    const client = new Client(new URL(gateway.url).host, credentials.createInsecure());
    clients.push(client);
    return { gateway, client };
  };

  const check = (client: Client, service = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = healthService.check;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, response) => {
        if (error) reject(error);
        else resolve(response?.status ?? -1);
      });
    });

  const watch = (client: Client, service = '') => {
    const { path, requestSerialize, responseDeserialize } = healthService.watch;
    const call: ClientReadableStream<HealthCheckResponse> = client.makeServerStreamRequest(
      ...([path, requestSerialize, responseDeserialize, { service }] as const),
    );
    const statuses$ = new ReplaySubject<number>();
    call.on('data', (response: HealthCheckResponse) => {
      statuses$.next(response.status);
    });
    const ended = new Promise<ServiceError>((resolve) => call.once('error', resolve));
    return { call, ended, nth: (index: number) => firstValueFrom(statuses$.pipe(skip(index))) };
  };

  for (const [health, expected] of [
    ['starting', NOT_SERVING],
    ['healthy', SERVING],
    ['unhealthy', NOT_SERVING],
    ['closing', NOT_SERVING],
    ['closed', NOT_SERVING],
  ] as const) {
    it(`says ${expected === SERVING ? 'SERVING' : 'NOT_SERVING'} while the coordinator is ${health}`, async () => {
      const { client } = await serve(new BehaviorSubject<Health>(health));
      for (const service of ['', tailnet]) expect(await check(client, service)).to.equal(expected);
    });
  }

  it('follows the coordinator', async () => {
    const health$ = new BehaviorSubject<Health>('starting');
    const { client } = await serve(health$);
    const watches = ['', tailnet].map((service) => watch(client, service));
    for (const { nth } of watches) expect(await nth(0)).to.equal(NOT_SERVING);
    health$.next('healthy');
    for (const { nth } of watches) expect(await nth(1)).to.equal(SERVING);
    expect(await check(client)).to.equal(SERVING);
    // Nothing changes for who watches.
    health$.next('healthy');
    health$.next('unhealthy');
    for (const { nth, call } of watches) {
      expect(await nth(2)).to.equal(NOT_SERVING);
      call.cancel();
    }
  });

  it('lets go of the coordinator when a watch is cancelled', async () => {
    const health$ = new BehaviorSubject<Health>('healthy');
    const { client } = await serve(health$);
    const { call, nth, ended } = watch(client);
    await nth(0);
    expect(health$.observed).to.equal(true);
    call.cancel();
    await ended;
    await check(client);
    expect(health$.observed).to.equal(false);
  });

  it('knows the server and its service, and nothing else', async () => {
    const { client } = await serve();
    const refusal = (await check(client, 'grpc.health.v1.Health').catch((error: unknown) => error)) as ServiceError;
    expect(refusal).to.include({ code: status.NOT_FOUND, details: 'no such service' });
    const { nth, call } = watch(client, 'coder.tailnet.v3.Tailnet');
    expect(await nth(0)).to.equal(SERVICE_UNKNOWN);
    call.cancel();
  });

  it('says SERVING of a coordinator that does not tell how it is', async () => {
    const { client } = await serve();
    expect(await check(client)).to.equal(SERVING);
  });

  it('says NOT_SERVING of one that tells nothing any more', async () => {
    const { client } = await serve(EMPTY);
    expect(await check(client)).to.equal(NOT_SERVING);
    const { nth, ended } = watch(client);
    expect(await nth(0)).to.equal(NOT_SERVING);
    expect(await ended).to.include({ code: status.UNAVAILABLE });
  });

  it('survives one that breaks', async () => {
    const { client } = await serve(throwError(() => new Error('a defect')));
    const refusal = (await check(client).catch((error: unknown) => error)) as ServiceError;
    expect(refusal).to.include({ code: status.INTERNAL, details: 'internal error' });
    expect(await watch(client).ended).to.include({ code: status.INTERNAL });
  });

  it('ends with the gateway', async () => {
    const { gateway, client } = await serve(new BehaviorSubject<Health>('healthy'));
    const { nth, ended } = watch(client);
    expect(await nth(0)).to.equal(SERVING);
    gateway.subscription.unsubscribe();
    expect(await nth(1)).to.equal(NOT_SERVING);
    expect(await ended).to.include({ code: status.UNAVAILABLE, details: 'shutting down' });
  });

  it('ends for who does not read the answers, when there are too many of them', async () => {
    const health$ = new BehaviorSubject<Health>('healthy');
    const { client } = await serve(health$);
    const { call, ended } = watch(client);
    await once(call, 'metadata');
    for (let index = 0; index < 100; index++) health$.next(index % 2 === 0 ? 'unhealthy' : 'healthy');
    expect(await ended).to.include({ code: status.RESOURCE_EXHAUSTED });
    expect(health$.observed).to.equal(false);
  });
});
