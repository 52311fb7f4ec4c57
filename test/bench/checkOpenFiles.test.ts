import { expect } from 'chai';
import { checkOpenFiles } from '../../bench/sockets/checkOpenFiles.js';
import { UsageError } from '../../bench/usageError.js';

describe('before many sockets are opened', () => {
  const limits = 'Max processes  100  100  processes\nMax open files            1024                 4096  files\n';

  it('it is said how many files must be allowed, if they are not', () => {
    expect(() => checkOpenFiles(10_100, limits)).to.throw(
      UsageError,
      '10100 sockets need 10300 open files in each of two processes, and 1024 are allowed here: run "ulimit -n 10300" first',
    );
  });

  it('nothing is said where they are enough, or unknown', () => {
    expect(() => checkOpenFiles(824, limits)).not.to.throw();
    expect(() => checkOpenFiles(10_100, undefined)).not.to.throw();
    expect(() => checkOpenFiles(10_100, 'Max open files  unlimited  unlimited  files')).not.to.throw();
  });
});
