import { expect } from 'chai';
import { NEVER, Subject, throwError, type Observable } from 'rxjs';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind, errorResponse, updatesResponse } from '../../src/proto/responses.js';
import { requests } from '../../src/proto/requests.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { aNode, alice, bob, carol, testPeer, type TestPeerOptions } from '../../src/testing/index.js';

type Kind = keyof Pick<typeof PeerUpdateKind, 'NODE' | 'LOST' | 'DISCONNECTED' | 'READY_FOR_HANDSHAKE'>;

/** A coordinator whose part the test plays. */
const stage = (options?: TestPeerOptions) => {
  const responses$ = new Subject<CoordinateResponse>();
  const received: CoordinateRequest[] = [];
  let requestsEnded = false;
  const peer = testPeer(
    {
      coordinate$: (_id, requests$: Observable<CoordinateRequest> = NEVER) => {
        requests$.subscribe({ next: (request) => received.push(request), complete: () => (requestsEnded = true) });
        return responses$;
      },
    },
    alice,
    options,
  );
  const tell = (kind: Kind, id: string, derp?: number) =>
    responses$.next(
      updatesResponse([
        {
          id: uuidToBytes(id),
          kind: PeerUpdateKind[kind],
          node: derp === undefined ? undefined : aNode({ of: id, derp }),
          reason: '',
        },
      ]),
    );
  return { peer, responses$, received, tell, requestsEnded: () => requestsEnded };
};

const refusal = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected a rejection');
};

describe('testPeer', () => {
  it('sends what it is told to', () => {
    const { peer, received } = stage({ node: { addresses: ['fd7a::1/128'] } });
    peer.updateDerp(3);
    peer.addTunnel(bob);
    peer.removeTunnel(bob);
    peer.readyForHandshake(bob, carol);
    expect(received).to.deep.equal([
      requests.updateSelf(aNode({ of: alice, derp: 3, addresses: ['fd7a::1/128'] })),
      requests.addTunnel(bob),
      requests.removeTunnel(bob),
      requests.readyForHandshake(bob, carol),
    ]);
    peer.drop();
  });

  it('finds what it awaits in what it was told before, and in what it is told later', async () => {
    const { peer, tell } = stage();
    tell('NODE', bob, 1);
    await peer.eventuallyHasDerp(bob, 1);
    const later = peer.eventuallyHasDerp(bob, 2);
    tell('NODE', carol, 2);
    tell('NODE', bob, 2);
    await later;
    tell('LOST', bob, 2);
    await peer.eventuallyLost(bob);
    await peer.eventuallyHasDerp(bob, 2);
    tell('DISCONNECTED', bob);
    await peer.eventuallyDisconnected(bob);
    tell('READY_FOR_HANDSHAKE', bob);
    await peer.eventuallyReadyForHandshake(bob);
    peer.drop();
  });

  it('looks at how things stand, not at how they stood', async () => {
    const { peer, tell } = stage({ timeout: 5 });
    tell('NODE', bob, 1);
    tell('LOST', bob, 1);
    tell('NODE', bob, 2);
    const refusals = await Promise.all([
      refusal(peer.eventuallyHasDerp(bob, 1)),
      refusal(peer.eventuallyLost(bob)),
      refusal(peer.eventuallyDisconnected(bob)),
      refusal(peer.eventuallyReadyForHandshake(bob)),
      refusal(peer.eventuallyDisconnected(carol)),
    ]);
    expect(refusals[0]).to.equal(
      [
        'alice did not see bob at derp 1 within 5 ms. alice has seen:',
        'bob NODE derp 1',
        'bob LOST derp 1',
        'bob NODE derp 2',
      ].join('\n  '),
    );
    expect(refusals.slice(1).map((text) => text.split('.')[0])).to.deep.equal([
      'alice did not see bob lost within 5 ms',
      'alice did not see bob disconnected within 5 ms',
      'alice did not hear that bob is ready for a handshake within 5 ms',
      'alice did not see carol disconnected within 5 ms',
    ]);
    peer.drop();
  });

  it('gives up at once when the stream has ended', async () => {
    const { peer, responses$ } = stage();
    const waiting = refusal(peer.eventuallyHasDerp(bob, 1));
    responses$.next(errorResponse('coordinator closed'));
    responses$.complete();
    const told = [
      'alice will never see bob at derp 1. alice has seen:',
      'error: coordinator closed',
      'and its stream completed',
    ];
    expect(await waiting).to.equal(told.join('\n  '));
    expect(await refusal(peer.eventuallyHasDerp(bob, 1))).to.equal(told.join('\n  '));
  });

  it('tells a stream that closed with an error from one that closed without', async () => {
    const [good, bad] = [stage(), stage()];
    good.responses$.complete();
    bad.responses$.next(errorResponse('coordinator unhealthy'));
    const closing = bad.peer.eventuallyClosed('coordinator unhealthy');
    bad.responses$.complete();
    await closing;
    await bad.peer.eventuallyError('coordinator unhealthy');
    await good.peer.eventuallyClosed();
    expect(await refusal(good.peer.eventuallyClosed('coordinator unhealthy'))).to.match(
      /^alice will never come to an end with the error "coordinator unhealthy"/,
    );
    expect(await refusal(bad.peer.eventuallyClosed())).to.match(/^alice will never come to an end without an error/);
    expect(await refusal(bad.peer.eventuallyClosed('another'))).to.match(/^alice will never come to an end with/);
  });

  it('disconnects, and waits until the coordinator hangs up', async () => {
    const { peer, responses$, received } = stage();
    responses$.next(errorResponse('you do not share a tunnel'));
    let over = false;
    const leaving = peer.disconnect().then(() => (over = true));
    expect(received).to.deep.equal([requests.disconnect()]);
    await peer.neverClosed();
    expect(over).to.equal(false);
    responses$.complete();
    await leaving;
  });

  it('drops its connection, and so can see nothing more', async () => {
    const { peer, responses$, requestsEnded } = stage();
    peer.drop();
    expect(responses$.observed).to.equal(false);
    expect(requestsEnded()).to.equal(false);
    expect(await refusal(peer.eventuallyClosed())).to.match(/and it dropped its connection$/);
  });

  it('ends its requests, and goes on listening', async () => {
    const { peer, tell, requestsEnded } = stage();
    peer.endRequests();
    expect(requestsEnded()).to.equal(true);
    tell('NODE', bob, 1);
    await peer.eventuallyHasDerp(bob, 1);
    peer.drop();
  });

  it('knows what it has never seen', async () => {
    const { peer, tell } = stage();
    tell('NODE', bob, 1);
    tell('NODE', bob, 2);
    await peer.neverHasDerp(bob, 3);
    await peer.neverSees(bob, 'lost');
    expect(await refusal(peer.neverHasDerp(bob, 1))).to.match(/^alice did see bob at derp 1\./);

    const during = new Promise<never>(() => undefined);
    const refusals = [peer.neverHasDerp(bob, 4, during), peer.neverSees(bob, 'lost', during)].map(refusal);
    tell('LOST', bob, 4);
    expect((await Promise.all(refusals)).map((text) => text.split('.')[0])).to.deep.equal([
      'alice did see bob at derp 4',
      'alice did see bob lost',
    ]);
    const closed = refusal(peer.neverClosed(during));
    peer.drop();
    expect(await closed).to.match(/^alice did end/);
  });

  it('says when its stream failed, which streams of coordinators never do', async () => {
    const peer = testPeer({ coordinate$: () => throwError(() => new Error('broken')) }, alice);
    expect(await refusal(peer.eventuallyClosed())).to.match(
      /has seen:\n {2}nothing\n {2}and its stream failed: Error: broken$/,
    );
  });
});
