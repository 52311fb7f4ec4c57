import type { CoordinateRequest } from '../proto/gen/tailnet.js';
import { requests } from '../proto/requests.js';
import type { Uuid } from '../proto/uuid.js';

/**
 * The tunnels that the coordinators may hold for this peer: `open`, or when their removal was sent, in milliseconds.
 * Tunnels outlive a connection that breaks, and nothing is answered to a request, so a removal that was sent shortly
 * before may never have arrived.
 */
export type TunnelLedger = ReadonlyMap<Uuid, 'open' | number>;

/** A removal that was sent so long before a connection broke has arrived: silence is noticed sooner. Milliseconds. */
const arrival = 60_000;

/** What to send, and what is held then. */
export interface LedgerStep {
  readonly ledger: TunnelLedger;
  readonly requests: readonly CoordinateRequest[];
}

/**
 * What to send so that these tunnels are held and no others: the differences, or, over a new connection (`isNew`), all of
 * them, and once more the removals that may not have arrived.
 */
export function nextLedger(ledger: TunnelLedger, wanted: ReadonlySet<Uuid>, now: number, isNew: boolean): LedgerStep {
  const next = new Map<Uuid, 'open' | number>();
  const removals: Uuid[] = [];
  for (const [id, entry] of ledger) {
    if (wanted.has(id)) continue;
    const isSent = typeof entry === 'number';
    if (!isSent || isNew) removals.push(id);
    if (!isSent || isNew || now - entry < arrival) next.set(id, isSent && !isNew ? entry : now);
  }
  const additions = [...wanted].filter((id) => isNew || ledger.get(id) !== 'open');
  for (const id of wanted) next.set(id, 'open');
  return { ledger: next, requests: [...removals.map(requests.removeTunnel), ...additions.map(requests.addTunnel)] };
}

/** What may be held after a connection broke: not what was removed long before. */
export function ledgerAfterLoss(ledger: TunnelLedger, now: number): TunnelLedger {
  return new Map([...ledger].filter(([, entry]) => entry === 'open' || now - entry < arrival));
}

/** The tunnels that are removed, but may still be held. */
export function removalsIn(ledger: TunnelLedger): readonly Uuid[] {
  return [...ledger].filter(([, entry]) => entry !== 'open').map(([id]) => id);
}
