import { expect } from 'chai';
import { defer, NEVER, of } from 'rxjs';
import { observerAuth } from '../../src/auth/observerAuth.js';
import { peerAuth } from '../../src/auth/peerAuth.js';
import { coordinateAs } from '../../src/gateways/index.js';
import type { Identity } from '../../src/gateways/index.js';
import type { CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { errorResponse } from '../../src/proto/responses.js';
import { alice, marbles } from '../../src/testing/index.js';

const identity: Identity = { id: alice, name: 'Alice', role: 'peer', auth: peerAuth() };
const update: CoordinateResponse = { peerUpdates: [], error: '' };

describe('coordinateAs', () => {
  it(
    'is coordinate$ with what is known of somebody',
    marbles(({ cold, expectObservable }) => {
      const ready$ = of(true);
      const coordinator = {
        coordinate$: (...[id, requests$, options]: unknown[]) => {
          expect(id).to.equal(alice);
          expect(requests$).to.equal(NEVER);
          expect(options).to.deep.equal({ name: 'Alice', auth: identity.auth, ready$ });
          return cold('-u-u-|', { u: update });
        },
      };
      expectObservable(coordinateAs(coordinator, identity, NEVER, ready$)).toBe('-u-u-|', { u: update });
    }),
  );

  it(
    'does not connect an observer',
    marbles(({ expectObservable }) => {
      const coordinator = {
        coordinate$: () => {
          throw new Error('nobody should connect');
        },
      };
      const observer: Identity = { ...identity, role: 'observer', auth: observerAuth() };
      expectObservable(coordinateAs(coordinator, observer, NEVER, of(true))).toBe('(e|)', {
        e: errorResponse('authorization: an observer may look, and not connect as a peer'),
      });
    }),
  );

  /** What is heard of a coordinator, and an identity that ends; and for how long either is listened to. */
  const ends = (drawn: { responses: string; heard: string; identity: string; listened: [string, string] }) =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const error = new Error('a defect');
      const responses$ = cold(drawn.responses, { u: update });
      const ends$ = cold(drawn.identity, { e: 'token expired', f: 'token revoked' }, error);
      const heard$ = coordinateAs({ coordinate$: () => responses$ }, { ...identity, ends$ }, NEVER, of(true));
      const values = { u: update, e: errorResponse('token expired') };
      expectObservable(heard$).toBe(drawn.heard, values, error);
      expectSubscriptions(responses$.subscriptions).toBe(drawn.listened[0]);
      expectSubscriptions(ends$.subscriptions).toBe(drawn.listened[1]);
    });

  it(
    'ends when the identity does, and says why',
    ends({
      responses: '-u-u-u-',
      identity: ' ----e-f',
      heard: '    -u-u(e|)',
      listened: ['^---!', '^---!'],
    }),
  );

  it(
    'goes on when the identity never ends',
    ends({
      responses: '-u-u-|',
      identity: ' --|',
      heard: '    -u-u-|',
      listened: ['^----!', '^-!'],
    }),
  );

  it(
    'lets go of the identity when the coordinator has ended',
    ends({
      responses: '-u-|',
      identity: ' ------e',
      heard: '    -u-|',
      listened: ['^--!', '^--!'],
    }),
  );

  it(
    'fails when it is not known any more who it is',
    ends({
      responses: '-u-u-',
      identity: ' --#',
      heard: '    -u#',
      listened: ['^-!', '^-!'],
    }),
  );

  it('ends before the coordinator hears of somebody, when the identity has ended already', () => {
    const heard: unknown[] = [];
    const coordinate$ = () =>
      defer(() => {
        throw new Error('the coordinator was asked');
      });
    const ended = { ...identity, ends$: of('token expired', 'token revoked') };
    coordinateAs({ coordinate$ }, ended, NEVER, of(true)).subscribe({
      next: (response) => heard.push(response.error),
      complete: () => heard.push('end'),
    });
    expect(heard).to.deep.equal(['token expired', 'end']);
  });
});
