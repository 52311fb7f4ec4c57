import { expect } from 'chai';
import { RouteTable } from '../../src/gateways/routeTable.js';

describe('RouteTable', () => {
  const table = new RouteTable({
    '/': 'root',
    '/peers/all': 'all',
    '/peers/{id}': 'peer',
    '/peers/{id}/watch': 'watch',
    '/{kind}/{id}/watch': 'anything',
  });
  const find = (path: string) => {
    const found = table.find(path);
    return found && [found.route, found.parameters];
  };

  it('finds exact paths, before any pattern', () => {
    expect(find('/')).to.deep.equal(['root', {}]);
    expect(find('/peers/all')).to.deep.equal(['all', {}]);
  });

  it('finds patterns in their order, and says what stands for their parameters', () => {
    expect(find('/peers/bob')).to.deep.equal(['peer', { id: 'bob' }]);
    expect(find('/peers/bob/watch')).to.deep.equal(['watch', { id: 'bob' }]);
    expect(find('/hubs/bob/watch')).to.deep.equal(['anything', { kind: 'hubs', id: 'bob' }]);
  });

  it('decodes parameters, one segment each', () => {
    expect(find('/peers/a%2Fb%20%C3%A9/watch')).to.deep.equal(['watch', { id: 'a/b é' }]);
  });

  for (const path of [
    '',
    '/peers',
    '/peers/',
    '/peers//watch',
    '/peers/bob/',
    '/peers/bob/watch/',
    '/x/peers/bob/watch',
  ]) {
    it(`finds nothing for ${JSON.stringify(path)}`, () => {
      expect(find(path)).to.equal(undefined);
    });
  }

  it('finds nothing for what cannot be decoded', () => {
    expect(find('/peers/%zz/watch')).to.equal(undefined);
    expect(find('/peers/%C3/watch')).to.equal(undefined);
  });

  it('does not take names of every object for paths', () => {
    expect(find('constructor')).to.equal(undefined);
    expect(find('/peers/__proto__')).to.deep.equal(['peer', { id: '__proto__' }]);
  });

  for (const path of ['/peers/{id', '/peers/x{id}', '/peers/{}', '/{id}/{id}', '/peers/{a-b}', '/peers/id}']) {
    it(`refuses the pattern ${path}`, () => {
      expect(() => new RouteTable({ [path]: 1 })).to.throw(
        TypeError,
        `a parameter is a whole segment of a path, such as {id}, and given once: ${path}`,
      );
    });
  }
});
