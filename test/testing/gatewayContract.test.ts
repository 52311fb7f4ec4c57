import { expect } from 'chai';
import type { Coordinator } from '../../src/api.js';
import { webSocketGateway } from '../../src/gateways/index.js';
import { dave, gatewayContract } from '../../src/testing/index.js';
import type { GatewayUnderTest } from '../../src/testing/index.js';
import { webSocketClient } from '../gateways/webSocketClient.js';

/** The tests of the contract by their titles, not run yet. */
const testsFor = (tested: GatewayUnderTest): ReadonlyMap<string, () => Promise<void>> => {
  const tests = new Map<string, () => Promise<void>>();
  gatewayContract('a gateway', () => Promise.resolve(tested), {
    describe: (_title, define) => define(),
    it: (title, test) => tests.set(title, test),
  });
  return tests;
};

/** A gateway that gives a coordinator what is left of all that it should. */
const careless = (
  leaveOut: (coordinator: Pick<Coordinator, 'coordinate$'>) => Pick<Coordinator, 'coordinate$'>,
): GatewayUnderTest => ({
  gateway: (coordinator, drain$) => webSocketGateway(leaveOut(coordinator), { port: 0, drain$ }),
  client: (url) => webSocketClient(url, 'tailnet.v2.proto'),
  patience: 500,
  restricted: (url) => webSocketClient(url, 'tailnet.v2.proto', `&role=client&agent=${dave}`),
});

const resultOf = async (test: (() => Promise<void>) | undefined): Promise<string> => {
  try {
    await test!();
    return 'passed';
  } catch (error) {
    return String(error);
  }
};

describe('the contract of gateways', () => {
  it('finds a gateway that ignores what its peers may do', async () => {
    const tests = testsFor(
      careless((coordinator) => ({
        coordinate$: (id, requests$, { auth: _, ...options } = {}) => coordinator.coordinate$(id, requests$, options),
      })),
    );
    const result = await resultOf(tests.get('says of everybody what they may do, be it everything'));
    expect(result).to.contain('the auth that belongs to the identity is to be given to coordinate$');
    // And goes on: what was left behind is no matter of the next test.
    expect(await resultOf(tests.get('by draining when nobody is there'))).to.equal('passed');
  });

  it('finds one that allows everything', async () => {
    const tests = testsFor(
      careless((coordinator) => ({
        coordinate$: (id, requests$, options) =>
          coordinator.coordinate$(id, requests$, { ...options, auth: () => undefined }),
      })),
    );
    expect(await resultOf(tests.get('says of everybody what they may do, be it everything'))).to.equal('passed');
    const result = await resultOf(tests.get('lets nobody do what they may not'));
    expect(result).to.contain('ends the connection of who asks for what it may not');
  });
});
