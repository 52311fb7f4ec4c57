import { expect } from 'chai';
import fc from 'fast-check';
import { namesTwice } from '../../../src/auth/jwt/namesTwice.js';

describe('namesTwice', () => {
  for (const json of [
    '{"a":1,"a":2}',
    '{"a":1,"b":{},"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a" :1 ,\n"a"\t:2}',
    '{"a":{"b":[{}]},"c":"}","a":1}',
    '{"":1,"":2}',
    '{"\\"":1,"\\"":2}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    it(`finds it in ${json}`, () => {
      expect(() => void JSON.parse(json)).not.to.throw();
      expect(namesTwice(json)).to.equal(true);
    });
  }

  for (const json of [
    '{}',
    '{"a":"a","b":"a"}',
    '{"a":["a","a"]}',
    '{"a":{"a":1},"b":{"a":1}}',
    '{"a":"\\",\\"a\\":1"}',
    '{"a":"{\\"a\\":1"}',
    '{"a":{"b":1,"b":2}}',
  ]) {
    it(`finds none in ${json}`, () => {
      expect(namesTwice(json)).to.equal(false);
    });
  }

  it('finds none in what JSON.stringify writes, and one when a name is added again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { minKeys: 1, maxKeys: 5 }), (object) => {
        const json = JSON.stringify(object);
        expect(namesTwice(json)).to.equal(false);
        const [name = ''] = Object.keys(object);
        expect(namesTwice(`${json.slice(0, -1)},${JSON.stringify(name)}:0}`)).to.equal(true);
      }),
    );
  });
});
