import { type Observable, map } from 'rxjs';
import type { BindingWrite } from '../../../src/db/store.js';
import { decodeNode } from '../../../src/proto/node.js';
import { type Call, type FaultyDatabase, nameOf } from '../../../src/testing/index.js';

/** A call in words: `write alice 2, bob lost`, `tunnels +alice>bob -alice>carol clear dave`, `bindings of alice`. */
export const describeCall = (call: Call): string => {
  switch (call.method) {
    case 'writeBindings':
      return `write ${call.args[1].map(describeWrite).join(', ')}`;
    case 'writeTunnels': {
      const { add, remove, clear, removeOwn = [] } = call.args[1];
      return [
        'tunnels',
        ...add.map(({ src, dst }) => `+${nameOf(src)}>${nameOf(dst)}`),
        ...remove.map(({ src, dst }) => `-${nameOf(src)}>${nameOf(dst)}`),
        ...removeOwn.map(({ src, dst }) => `-own ${nameOf(src)}>${nameOf(dst)}`),
        ...clear.map((src) => `clear ${nameOf(src)}`),
      ].join(' ');
    }
    case 'readNeighbours':
      return `neighbours of ${call.args[0].map(nameOf).join(', ')}`;
    case 'readPairs':
      return `pairs ${call.args[0].map((pair) => pair.map(nameOf).join('-')).join(', ')}`;
    case 'readBindings':
      return `bindings of ${call.args[0].map(nameOf).join(', ')}`;
    default:
      return call.method;
  }
};

const describeWrite = (write: BindingWrite): string => {
  if (write.kind === 'node') return `${nameOf(write.peerId)} ${String(decodeNode(write.node).preferredDerp)}`;
  return `${nameOf(write.peerId)} ${write.kind === 'lost' ? 'lost' : 'gone'}`;
};

/** What a database is asked, in words, when it is asked. */
export const statementsOf = ({ faults }: Pick<FaultyDatabase, 'faults'>): Observable<string> =>
  faults.calls$.pipe(map(describeCall));
