import { expect } from 'chai';
import { type TunnelLedger, ledgerAfterLoss, nextLedger } from '../../src/client/tunnelLedger.js';
import { uuidFromBytes } from '../../src/proto/uuid.js';
import { bob, carol, nameOf } from '../../src/testing/index.js';

/** What would be sent, and what is held then. */
const step = (ledger: TunnelLedger, wanted: readonly string[], now: number, isNew = false) => {
  const next = nextLedger(ledger, new Set(wanted), now, isNew);
  const sent = next.requests.map(({ addTunnel, removeTunnel }) =>
    addTunnel ? `+${nameOf(uuidFromBytes(addTunnel.id))}` : `-${nameOf(uuidFromBytes(removeTunnel!.id))}`,
  );
  return { sent, ledger: next.ledger };
};

describe('the ledger of tunnels', () => {
  it('sends nothing where nothing has changed', () => {
    const { ledger } = step(new Map(), [bob], 0, true);
    expect(step(ledger, [bob], 1).sent).to.deep.equal([]);
  });

  it('opens again what was removed', () => {
    const { ledger } = step(new Map<string, 'open'>([[bob, 'open']]), [], 10);
    expect(ledger).to.deep.equal(new Map([[bob, 10]]));
    expect(step(ledger, [bob], 20)).to.deep.equal({ sent: ['+bob'], ledger: new Map([[bob, 'open']]) });
  });

  it('repeats a removal over a new connection while it may not have arrived, and forgets it a minute after it was sent', () => {
    const ledger = new Map<string, 'open' | number>([
      [bob, 10],
      [carol, 'open'],
    ]);
    expect(ledgerAfterLoss(ledger, 60_009)).to.deep.equal(ledger);
    expect(ledgerAfterLoss(ledger, 60_010)).to.deep.equal(new Map([[carol, 'open']]));
    // However long it took to connect again.
    expect(step(ledger, [carol], 999_999, true)).to.deep.equal({
      ...{
        sent: ['-bob', '+carol'],
        ledger: new Map<string, unknown>([
          [bob, 999_999],
          [carol, 'open'],
        ]),
      },
    });
    expect(step(ledger, [carol], 60_010).ledger).to.deep.equal(new Map([[carol, 'open']]));
  });
});
