import { expect } from 'chai';
import { Client } from 'pg';
import { parsePostgresUrl, postgresUrlText } from '../../../src/db/postgres/postgresUrl.js';

describe('parsePostgresUrl', () => {
  for (const text of [
    'postgres://user:password@host:5432/name',
    'postgresql://user@[::1]:5432/name?options=-c%20jit%3Doff',
    'POSTGRES://host/name',
    'postgres:///name?host=/run/postgresql',
    'postgres://user:password@/name?host=/run/postgresql',
    'postgres://user@/name',
  ]) {
    it(`reads ${text}, as pg does, and writes it as it was`, () => {
      const url = parsePostgresUrl(text);
      const { user, database } = new Client(text);
      if (url === undefined) expect.fail('not read');
      expect(decodeURI(url.pathname)).to.equal(`/${String(database)}`);
      if (url.username !== '') expect(url.username).to.equal(user);
      expect(postgresUrlText(url).toLowerCase()).to.equal(text.toLowerCase());
    });
  }

  for (const text of [
    'mysql://host/name',
    'host',
    '',
    'postgres://a host/name',
    'postgres://user@:5432/name',
    'postgres://user@?host=/run',
  ]) {
    it(`does not read "${text}"`, () => {
      expect(parsePostgresUrl(text)).to.equal(undefined);
    });
  }
});
