import { expect } from 'chai';
import { testDatabase } from '../support/testDatabase.js';
import { scriptedProcess } from './scriptedProcess.js';

const alice = 'a11ce000-0000-4000-8000-00000000000a';
const bob = 'b0b00000-0000-4000-8000-00000000000b';
const carol = 'ca401000-0000-4000-8000-00000000000c';

const bobsNode = {
  ...{ id: '7', as_of: '2026-01-31T10:00:00Z', key: 'AAEC', disco: 'discokey:0', preferred_derp: 3 },
  ...{
    derp_latency: { '1-v4': 0.5 },
    addresses: ['fd00::1/128'],
    allowed_ips: ['fd00::1/128'],
    endpoints: ['[::1]:1'],
  },
};

describe('the scripted coordinator', () => {
  it('does what it is told, says what happens, and closes in order at the end of its input', async () => {
    await using database = await testDatabase();
    await using coordinator = scriptedProcess('--database-url', database.url);
    const ready = await coordinator.hears({ ev: 'ready' });
    expect(ready).to.include({ impl: 'tailnet-coordinator' });
    expect(ready).to.include.keys('coordinator', 'pid', 't');

    coordinator.tell({ op: 'connect', id: alice.toUpperCase() });
    coordinator.tell({ op: 'connect', id: bob });
    coordinator.tell({ op: 'update', id: bob, node: bobsNode });
    coordinator.tell({ op: 'tunnel', id: alice, dst: bob });
    const update = await coordinator.hears({ ev: 'update', id: alice, peer: bob, kind: 'NODE' });
    expect(update).to.deep.include({ node: bobsNode, reason: 'new' });
    expect(update['t']).to.be.a('number');

    // Who has the other's node shares a tunnel with it, also in the eyes of the coordinator.
    coordinator.tell({ op: 'update', id: alice, node: {} });
    await coordinator.hears({ ev: 'update', id: bob, peer: alice, kind: 'NODE' });
    coordinator.tell({ op: 'rfh', id: bob, dst: alice });
    await coordinator.hears({ ev: 'update', id: alice, peer: bob, kind: 'READY_FOR_HANDSHAKE' });
    coordinator.tell({ op: 'drop', id: bob });
    await coordinator.hears({ ev: 'closed', id: bob });
    await coordinator.hears({ ev: 'update', id: alice, peer: bob, kind: 'LOST' });
    coordinator.tell({ op: 'untunnel', id: alice, dst: bob });
    await coordinator.hears({ ev: 'update', id: alice, peer: bob, kind: 'DISCONNECTED' });
    coordinator.tell({ op: 'close', id: alice });
    await coordinator.hears({ ev: 'closed', id: alice });

    coordinator.tell({ op: 'connect', id: carol });
    coordinator.endInput();
    const { lines, errors, code } = await coordinator.ended;
    expect(code).to.equal(0);
    expect(errors).to.equal('');
    expect(lines.slice(-3).map((line) => JSON.parse(line) as object)).to.containSubset([
      { ev: 'error', id: carol, error: 'coordinator closed' },
      { ev: 'closed', id: carol },
      { ev: 'bye' },
    ]);
  });

  it('answers bad lines with errors and goes on, is brief when asked to, and ends when told to quit', async () => {
    await using database = await testDatabase();
    // The way the definitions write it.
    await using coordinator = scriptedProcess('-database-url', database.url, '-brief');
    await coordinator.hears({ ev: 'ready' });
    for (const [line, error] of [
      ['{', 'not a JSON object'],
      ['[1]', 'not a JSON object'],
      ['{"op":"fly"}', 'there is no op "fly"'],
      ['{}', 'there is no op null'],
      ['{"op":"connect"}', '"id" must be a UUID'],
      ['{"op":"connect","id":"nobody"}', 'not a UUID: "nobody"'],
      [`{"op":"tunnel","id":"${alice}","dst":"${bob}"}`, 'not connected'],
      [`{"op":"update","id":"${carol}"}`, '"node" must be an object'],
    ] as const) {
      coordinator.tell(line);
      await coordinator.hears({ ev: 'error', error });
    }
    for (const id of [alice, bob]) coordinator.tell({ op: 'connect', id });
    coordinator.tell({ op: 'update', id: bob, node: { key: 7 } });
    expect((await coordinator.hears({ ev: 'error', id: bob }))['error']).to.match(/^not a CoordinateRequest in JSON: /);
    coordinator.tell({ op: 'update', id: bob, node: bobsNode });
    coordinator.tell({ op: 'tunnel', id: alice, dst: bob });
    const update = await coordinator.hears({ ev: 'update', id: alice, peer: bob });
    expect(update['preferred_derp']).to.equal(3);
    expect(update).not.to.have.property('node');

    // The newest connection of a peer is the one that counts.
    coordinator.tell({ op: 'connect', id: bob });
    await coordinator.hears({ ev: 'closed', id: bob });
    coordinator.tell({ op: 'update', id: bob, node: { ...bobsNode, preferred_derp: 4 } });
    await coordinator.hears({ ev: 'update', id: alice, peer: bob, preferred_derp: 4 });

    coordinator.tell({ op: 'quit' });
    const { lines, code } = await coordinator.ended;
    expect(code).to.equal(0);
    expect(JSON.parse(lines.at(-1) ?? '')).to.include({ ev: 'bye' });
  });

  it('says in one line what is wrong with its options', async () => {
    await using coordinator = scriptedProcess('--verbose');
    expect(await coordinator.ended).to.deep.equal({ lines: [], errors: "Unknown option '--verbose'\n", code: 2 });
  });

  it('says in one line that the database is not there', async () => {
    await using coordinator = scriptedProcess('--database-url', 'postgres://nobody@127.0.0.1:9/nothing');
    const { lines, errors, code } = await coordinator.ended;
    expect([lines, code]).to.deep.equal([[], 1]);
    expect(errors).to.equal('cannot migrate: connect ECONNREFUSED 127.0.0.1:9 (ECONNREFUSED)\n');
  });
});
