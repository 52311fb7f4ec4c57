import { expect } from 'chai';
import { firstValueFrom, NEVER, timeout } from 'rxjs';
import { IdentityError } from '../../src/auth/identity.js';
import { loggedError } from '../../src/cli/loggedError.js';
import { StoreError } from '../../src/db/store.js';

describe('an error in the log', () => {
  it('is its sentence and its code when the database is away', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    const error = new StoreError('unavailable', `${cause.message} (ECONNREFUSED)`, { cause });
    expect(loggedError(error)).to.deep.equal({
      type: 'StoreError',
      reason: 'unavailable',
      message: 'connect ECONNREFUSED 127.0.0.1:5432 (ECONNREFUSED)',
      code: 'ECONNREFUSED',
    });
  });

  it('has no code where there is none', () => {
    expect(loggedError(new StoreError('missing-coordinator', 'no row'))).to.deep.equal({
      type: 'StoreError',
      reason: 'missing-coordinator',
      message: 'no row',
    });
  });

  it('is its sentence when the database took too long', async () => {
    const error = await firstValueFrom(NEVER.pipe(timeout(1))).then(
      () => expect.fail('no error'),
      (reason: unknown) => reason as Error,
    );
    expect(loggedError(error)).to.deep.equal({ type: 'TimeoutError', message: 'Timeout has occurred' });
  });

  it('is its sentence and that of its cause when it cannot be found out who somebody is', () => {
    const cause = new Error('cannot get keys from https://issuer.example/keys: HTTP 500');
    expect(loggedError(new IdentityError('the keys for tokens cannot be read now', 503, { cause }))).to.deep.equal({
      type: 'IdentityError',
      message: 'the keys for tokens cannot be read now',
      cause: 'cannot get keys from https://issuer.example/keys: HTTP 500',
    });
    expect(loggedError(new IdentityError('away', 503))).to.deep.equal({ type: 'IdentityError', message: 'away' });
  });

  it('keeps its stack and its cause when the database refused a row', () => {
    const error = new StoreError('refused', 'the row is wrong', { cause: new RangeError('too long') });
    const logged = loggedError(error) as { stack: string };
    expect(logged.stack).to.contain('loggedError.test.ts').and.contain('RangeError: too long');
  });

  it('keeps its stack when it is a defect', () => {
    expect(loggedError(new TypeError('x is not a function'))).to.include.keys('type', 'message', 'stack');
  });
});
