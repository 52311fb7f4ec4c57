import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { firstValueFrom } from 'rxjs';
import { natsBus, type NatsBusOptions } from '../../src/db/nats/index.js';
import { StoreError } from '../../src/db/store.js';
import { busContract } from '../../src/testing/contracts/busContract.js';
import { hear } from '../../src/testing/contracts/hear.js';
import { lastOf } from '../../src/testing/contracts/lastOf.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { startNatsServer, type NatsServer } from './natsServer.js';

type NatsBus = ReturnType<typeof natsBus>;

describe('natsBus', function () {
  this.timeout(60_000);

  let server: NatsServer;
  const opened: NatsBus[] = [];

  before(async () => (server = await startNatsServer()));
  after(() => server.stop());
  afterEach(async () => {
    for (const bus of opened.splice(0)) await lastOf(bus.close());
  });

  const open = (options: NatsBusOptions = {}, url = `nats://${server.host}`): NatsBus => {
    const bus = natsBus(url, options);
    opened.push(bus);
    return bus;
  };
  const failure = async (work: Promise<unknown>): Promise<StoreError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StoreError);
    return error as StoreError;
  };

  busContract('NATS', async () => {
    const own = await startNatsServer();
    const [bus, other] = [natsBus(`nats://${own.host}`), natsBus(`nats://${own.host}`)] as const;
    return {
      bus,
      other,
      interrupt: async () => {
        await own.stop();
        await own.start();
        // What is published is for who is connected; the other one is when it hears.
        await firstValueFrom(other.listen$('other'));
      },
      close: async () => {
        await lastOf(bus.close());
        await lastOf(other.close());
        await own.stop();
      },
    };
  });
});
