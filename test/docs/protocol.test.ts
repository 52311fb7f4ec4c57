import { expect } from 'chai';
import { closeCodes } from '../../src/gateways/closeCode.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { requestFromJson, requestToJson, responseFromJson, responseToJson } from '../../src/proto/json.js';
import { fencesOf, textOf } from './markdown.js';

const file = 'docs/protocol.md';

describe('the protocol as it is documented', () => {
  const messages = fencesOf(file).filter(({ language }) => language === 'json');

  for (const { place, marks, text } of messages) {
    it(`has a message that is read and written like that: ${place}`, () => {
      const again = marks.includes('request')
        ? requestToJson(requestFromJson(text))
        : responseToJson(responseFromJson(text));
      expect(JSON.parse(again)).to.deep.equal(JSON.parse(text));
    });
  }

  it('has examples of both directions', () => {
    expect(new Set(messages.flatMap(({ marks }) => marks))).to.deep.equal(new Set(['request', 'response']));
  });

  it('has all close codes', () => {
    const [, section = ''] = textOf(file).split('\n### Close codes\n');
    const listed = [...section.matchAll(/^\| `(\d+)`/gm)].map(([, code]) => Number(code));
    expect(listed).to.deep.equal(Object.values(closeCodes).sort((a, b) => a - b));
  });

  it('has all subprotocols', () => {
    const listed = [...textOf(file).matchAll(/^\| `(tailnet\.v2\.\w+)`/gm)].map(([, name]) => name);
    expect(listed).to.deep.equal(subprotocolNames);
  });
});
