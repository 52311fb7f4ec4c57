import { requests } from '../../src/proto/requests.js';

/** What no peer should send. */
export const nonsense: readonly unknown[] = [
  undefined,
  null,
  { ...requests.disconnect(), disconnect: undefined, addTunnel: { id: new Uint8Array(3) } },
  { ...requests.disconnect(), disconnect: undefined, addTunnel: { id: new Uint8Array(16) } },
  { ...requests.disconnect(), disconnect: undefined, removeTunnel: { id: new Uint8Array(17) } },
  { ...requests.disconnect(), disconnect: undefined, updateSelf: { node: undefined } },
  { ...requests.disconnect(), disconnect: undefined, readyForHandshake: [null] },
  { ...requests.disconnect(), disconnect: undefined, readyForHandshake: [{ id: new Uint8Array(1) }] },
];
