import { expect } from 'chai';
import { StoreError, type StoreErrorReason } from '../../../src/db/store.js';
import { storeErrorOf } from '../../../src/db/postgres/storeErrorOf.js';

const withCode = (code: string, message = 'something happened') => Object.assign(new Error(message), { code });

describe('storeErrorOf', () => {
  const cases: readonly [what: string, code: string, reason: StoreErrorReason][] = [
    ['a violated foreign key', '23503', 'missing-coordinator'],
    ['an invalid uuid', '22P02', 'refused'],
    ['a zero byte in a text', '22021', 'refused'],
    ['a payload that is too long for NOTIFY', '22023', 'refused'],
    ['a null where none may be', '23502', 'refused'],
    ['a row that comes twice in one batch', '21000', 'refused'],
    ['a violated check', '23514', 'refused'],
    ['a statement that is too complex', '54001', 'refused'],
    ['a full NOTIFY queue', '54000', 'unavailable'],
    ['a connection that failed', '08006', 'unavailable'],
    ['a server that shuts down', '57P01', 'unavailable'],
    ['a server that crashed', '57P02', 'unavailable'],
    ['a server that starts', '57P03', 'unavailable'],
    ['a statement timeout', '57014', 'unavailable'],
    ['a full disk', '53100', 'unavailable'],
    ['too many connections', '53300', 'unavailable'],
    ['a deadlock', '40P01', 'unavailable'],
    ['a serialisation failure', '40001', 'unavailable'],
    ['a lock timeout', '55P03', 'unavailable'],
    ['a read-only server', '25006', 'unavailable'],
    ['a plan that is out of date', '0A000', 'unavailable'],
    ['a corrupted index', 'XX002', 'unavailable'],
    ['tables that are missing', '42P01', 'unavailable'],
    ['a right that is missing', '42501', 'unavailable'],
    ['a wrong password', '28P01', 'unavailable'],
    ['a database that is missing', '3D000', 'unavailable'],
    ['a refused connection', 'ECONNREFUSED', 'unavailable'],
    ['a broken pipe, whose code is five letters long', 'EPIPE', 'unavailable'],
    ['a host that is not known', 'ENOTFOUND', 'unavailable'],
  ];

  for (const [what, code, reason] of cases) {
    it(`calls ${what} (${code}) ${reason}`, () => {
      const cause = withCode(code);
      const error = storeErrorOf(cause);
      expect(error).to.be.instanceOf(StoreError);
      expect(error.reason).to.equal(reason);
      expect(error.cause).to.equal(cause);
      expect(error.message).to.match(new RegExp(`^something happened \\(${code}\\)`));
    });
  }

  it('calls anything without a code unavailable', () => {
    for (const thrown of [new Error('Query read timeout'), 'a text', undefined, null, 7, {}, { code: 7 }]) {
      expect(storeErrorOf(thrown).reason).to.equal('unavailable');
    }
    expect(storeErrorOf(new Error('Query read timeout')).message).to.equal('Query read timeout');
    expect(storeErrorOf(undefined).message).to.equal('the database cannot be reached');
  });

  it('says what to run when tables or rights are missing', () => {
    expect(storeErrorOf(withCode('42P01')).message).to.contain('run `tailnet-coordinator migrate`');
    expect(storeErrorOf(withCode('42501')).message).to.contain('run `tailnet-coordinator migrate --grant ROLE`');
  });

  it('says what a server means that speaks of a transaction when its disk is full, or of SELECT when it is read-only', () => {
    expect(storeErrorOf(withCode('53100', 'could not access status of transaction 0')).message).to.equal(
      'could not access status of transaction 0 (53100); the disk of the database is full',
    );
    expect(storeErrorOf(withCode('25006')).message).to.contain('; this server takes no writes');
  });

  it('says why none of several addresses could be reached', () => {
    const error = Object.assign(
      new AggregateError([withCode('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432'), withCode('ECONNREFUSED')]),
      { code: 'ECONNREFUSED' },
    );
    expect(storeErrorOf(error).message).to.equal('connect ECONNREFUSED ::1:5432 (ECONNREFUSED)');
  });

  it('leaves a StoreError as it is', () => {
    const error = new StoreError('refused', 'no');
    expect(storeErrorOf(error)).to.equal(error);
  });
});
