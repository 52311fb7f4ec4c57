import { expect } from 'chai';
import { CoordinateRequest, decodeNode, Node } from '../../src/proto/index.js';

const ones = (count: number) => Array<number>(count).fill(255);

describe("strangers' bytes", () => {
  const refused: Record<string, readonly number[]> = {
    'a tag of zero': [0],
    'a tag of zero behind a field': [8, 1, 0],
    'the end of a group that did not begin': [124],
    'a field without a number': [2, 0],
    'a group': [123, 124],
    'a group that ends as another': [123, 116],
    'a number of eleven bytes': [88, ...ones(10), 1],
    'a number of 65 bits': [88, ...ones(9), 2],
    'a number that does not end': [88, 128],
    'a length that ends nowhere': [90, 128],
    'a length of six bytes': [90, 129, 128, 128, 128, 128, 0, 65],
    'a length of 33 bits': [90, 129, 128, 128, 128, 16, 65],
    'a text that does not end': [90, 2, 65],
    'four bytes of which one is missing': [93, 1, 2, 3],
    'eight bytes of which one is missing': [89, 1, 2, 3, 4, 5, 6, 7],
  };
  for (const [what, bytes] of Object.entries(refused)) {
    it(`are refused with ${what}`, () => {
      const given = Uint8Array.from(bytes);
      const inside = Uint8Array.of(10, bytes.length + 2, 10, bytes.length, ...bytes);
      expect(() => Node.decode(given), 'alone').to.throw(Error);
      expect(() => decodeNode(given), 'as a node').to.throw(Error);
      expect(() => CoordinateRequest.decode(inside), 'in a request').to.throw(Error);
    });
  }

  const kept: Record<string, readonly number[]> = {
    'the largest number': [88, ...ones(9), 1],
    'a number with needless bytes': [88, 129, 128, 0],
    'a length with needless bytes': [90, 129, 128, 0, 65],
    'four bytes': [93, 1, 2, 3, 4],
    'eight bytes': [89, 1, 2, 3, 4, 5, 6, 7, 8],
  };
  for (const [what, bytes] of Object.entries(kept)) {
    it(`are kept with ${what} in a field of a newer version`, () => {
      const node = Node.decode(Uint8Array.from([...bytes, 8, 1]));
      expect(node.id).to.equal(1n);
      expect([...Node.encode({ ...node, id: 0n }).finish()]).to.deep.equal(bytes);
    });
  }
});
