import type { Uuid } from '../db/store.js';
import { Node } from '../proto/gen/tailnet.js';
import { uuidToBytes } from '../proto/uuid.js';
import { alice } from './cast.js';

/** What a test may want a node to say; whatever else a node has can be given, too. */
export interface NodeOptions extends Partial<Node> {
  /** The preferred relay region: what tests tell nodes apart by. Default 1. */
  readonly derp?: number;
  /** Whose node it is: it gives the keys. Default alice. */
  readonly of?: Uuid;
}

/** A valid node: keys of the right form, the same for the same peer each time. */
export const aNode = ({ derp = 1, of = alice, ...rest }: NodeOptions = {}): Node => {
  const id = uuidToBytes(of);
  return Node.fromPartial({
    id: 1n,
    key: Uint8Array.of(...ascii('np'), ...id, ...id),
    disco: `discokey:${hex(id)}${hex(id)}`,
    preferredDerp: derp,
    ...rest,
  });
};

const ascii = (text: string): readonly number[] => Array.from(text, (character) => character.charCodeAt(0));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
