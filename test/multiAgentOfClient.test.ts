import { expect } from 'chai';
import { NEVER, Observable, Subject, firstValueFrom, repeat } from 'rxjs';
import type { Subscriber } from 'rxjs';
import { createCoordinator } from '../src/coordinator.js';
import type { Coordinator } from '../src/api.js';
import { createMultiAgent } from '../src/multiAgent.js';
import type { CoordinateRequest, CoordinateResponse } from '../src/proto/gen/tailnet.js';
import { requestToJson } from '../src/proto/json.js';
import { requests } from '../src/proto/requests.js';
import { PeerUpdateKind, errorResponse, updatesResponse } from '../src/proto/responses.js';
import { uuidToBytes } from '../src/proto/uuid.js';
import { aNode, alice, bob, carol, dave, describeUpdates, memoryDatabase } from '../src/testing/index.js';

/** A client whose network is in the hands of the test. */
class ScriptedClient implements Pick<Coordinator, 'coordinate$'> {
  readonly heard: string[] = [];
  readonly ready: boolean[] = [];
  responses: Subscriber<CoordinateResponse> | undefined;
  connections = 0;
  options: object = {};
  #requests$: Observable<CoordinateRequest> = NEVER;

  readonly coordinate$: Coordinator['coordinate$'] = (
    _peerId,
    requests$ = NEVER,
    { ready$ = NEVER, ...options } = {},
  ) =>
    new Observable((responses) => {
      this.connections++;
      this.responses = responses;
      this.#requests$ = requests$;
      this.options = options;
      responses.add(ready$.subscribe((isReady) => this.ready.push(isReady)));
    });

  /** It is connected, and listens from now on to what is to be said. */
  open(): void {
    this.heard.length = 0;
    const listening = this.#requests$.subscribe({
      next: (request) => this.heard.push(requestToJson(request)),
      complete: () => this.heard.push('the end'),
    });
    this.responses?.add(listening);
  }

  tell(...news: readonly (readonly [string, PeerUpdateKind, number])[]): void {
    const updates = news.map(([of, kind, derp]) => {
      return { id: uuidToBytes(of), kind, node: aNode({ of, derp }), reason: 'told' };
    });
    this.responses?.next(updatesResponse(updates));
  }
}

const said = (...all: readonly CoordinateRequest[]) => all.map(requestToJson);
const { NODE, LOST, READY_FOR_HANDSHAKE } = PeerUpdateKind;

describe('a multi-agent of a client', () => {
  let client: ScriptedClient;
  beforeEach(() => {
    client = new ScriptedClient();
  });

  it('says all that still counts when the client is connected, and then what changes', () => {
    const multiAgent = createMultiAgent(client, alice, { name: 'Alice' });
    for (const derp of [1, 2]) multiAgent.updateSelf({ preferredDerp: derp });
    for (const id of [bob, carol, dave.toUpperCase()]) multiAgent.subscribeAgent(id);
    multiAgent.unsubscribeAgent(carol);
    expect(client.options).to.deep.equal({ name: 'Alice' });
    client.open();
    const state = [
      requests.updateSelf({ preferredDerp: 2 }),
      ...[bob, dave].map((id) => requests.addTunnel(id)),
      requests.removeTunnel(carol),
    ];
    expect(client.heard).to.deep.equal(said(...state));
    multiAgent.unsubscribeAgent(dave);
    expect(client.heard).to.deep.equal(said(...state, requests.removeTunnel(dave)));
  });

  it('says it again when the client has connected again', () => {
    const restless = {
      coordinate$: (...args: Parameters<Coordinator['coordinate$']>) => client.coordinate$(...args).pipe(repeat()),
    };
    const multiAgent = createMultiAgent(restless, alice);
    client.open();
    multiAgent.subscribeAgent(bob);
    multiAgent.subscribeAgent(dave);
    client.responses?.complete();
    multiAgent.subscribeAgent(carol);
    // The tunnel is still there, and nobody is connected who could be told now.
    multiAgent.unsubscribeAgent(dave);
    client.open();
    const state = [requests.addTunnel(bob), requests.addTunnel(carol), requests.removeTunnel(dave)];
    expect(client.heard).to.deep.equal(said(...state));
    expect(multiAgent.isClosed).to.equal(false);

    // After the goodbye it does not come back.
    multiAgent.close();
    client.responses?.complete();
    client.open();
    expect(client.heard).to.deep.equal([]);
    expect(client.responses?.closed).to.equal(true);
    expect(client.connections).to.equal(3);
  });

  it('loses nothing that came after nobody was ready any more: it merges', async () => {
    const multiAgent = createMultiAgent(client, alice);
    const first = firstValueFrom(multiAgent.updates$);
    client.tell([bob, NODE, 1]);
    expect(describeUpdates(await first)).to.deep.equal(['bob NODE derp 1 (told)']);
    expect(client.ready).to.deep.equal([false, true, false]);
    client.tell([bob, NODE, 2], [carol, NODE, 1]);
    client.tell([bob, READY_FOR_HANDSHAKE, 2]);
    client.tell([bob, LOST, 3]);
    const merged = await firstValueFrom(multiAgent.updates$);
    expect(describeUpdates(merged).map((words) => words.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      ...['carol NODE', 'bob READY_FOR_HANDSHAKE', 'bob LOST'],
    ]);
    client.tell([dave, NODE, 1]);
    expect(describeUpdates(await firstValueFrom(multiAgent.updates$))).to.deep.equal(['dave NODE derp 1 (told)']);
  });

  it('reads on while somebody else still subscribes', () => {
    const multiAgent = createMultiAgent(client, alice);
    const [one, other] = [multiAgent.updates$.subscribe(), multiAgent.updates$.subscribe()];
    one.unsubscribe();
    expect(client.ready.at(-1)).to.equal(true);
    other.unsubscribe();
    expect(client.ready.at(-1)).to.equal(false);
  });

  it('says goodbye once all was said, waits for the end, and reads on until it comes', () => {
    const multiAgent = createMultiAgent(client, alice);
    client.open();
    multiAgent.subscribeAgent(bob);
    multiAgent.close();
    expect(client.heard).to.deep.equal([...said(requests.addTunnel(bob), requests.disconnect()), 'the end']);
    expect(client.ready.at(-1)).to.equal(true);
    expect(client.responses?.closed).to.equal(false);
  });

  it('that is closed before the client is connected says nothing but goodbye', () => {
    const multiAgent = createMultiAgent(client, alice);
    multiAgent.subscribeAgent(bob);
    multiAgent.close();
    client.open();
    expect(client.heard).to.deep.equal([...said(requests.disconnect()), 'the end']);
  });

  it('is closed with its connection, and by what breaks it, which whoever asks is told', () => {
    const multiAgent = createMultiAgent(client, alice);
    const heard: unknown[] = [];
    const listen = () =>
      multiAgent.updates$.subscribe({
        next: ({ error }) => heard.push(error),
        error: (error: unknown) => heard.push(error),
      });
    listen();
    client.responses?.next(errorResponse('coordinator closed'));
    const failure = new Error('connection refused');
    client.responses?.error(failure);
    expect(heard).to.deep.equal(['coordinator closed', failure]);
    expect(multiAgent.isClosed).to.equal(true);
    expect(() => multiAgent.subscribeAgent(bob)).to.throw('multiagent is closed');
    listen();
    expect(heard.slice(2)).to.deep.equal(['coordinator closed', failure]);
    multiAgent.close();
  });

  it('refuses what is no UUID', () => {
    const multiAgent = createMultiAgent(client, alice);
    for (const call of [() => multiAgent.subscribeAgent('bob'), () => multiAgent.unsubscribeAgent('bob')]) {
      expect(call).to.throw(TypeError, 'not a UUID: "bob"');
    }
    const coordinator = createCoordinator({ database: memoryDatabase() });
    expect(() => createMultiAgent(coordinator, 'alice')).to.throw(TypeError, 'not a UUID: "alice"');
    return coordinator.close();
  });

  it('loses nothing when it is asked for one response after the other, of several that come at once', async () => {
    const coordinator = createCoordinator({ database: memoryDatabase() });
    const ids = Array.from(
      { length: 2500 },
      (_, index) => `a9e00000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    );
    const requests$ = new Subject<CoordinateRequest>();
    for (const id of ids) coordinator.coordinate$(id, requests$).subscribe();
    requests$.next(requests.updateSelf({ preferredDerp: 1 }));
    const multiAgent = createMultiAgent(coordinator, alice);
    for (const id of ids) multiAgent.subscribeAgent(id);
    const seen = new Set<string>();
    while (seen.size < ids.length) {
      const { peerUpdates } = await firstValueFrom(multiAgent.updates$);
      for (const { id } of peerUpdates) seen.add(String(id));
    }
    await coordinator.close();
  });
});
