import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { tlsProblem } from '../../src/gateways/tlsProblem.js';
import { createAuthority } from '../support/certificates.js';
import type { Authority, Certificate } from '../support/certificates.js';

describe('tlsProblem', () => {
  let authority: Authority;
  let good: Certificate;
  before(async () => {
    authority = await createAuthority();
    good = await authority.sign('good');
  });
  after(() => {
    authority[Symbol.dispose]();
  });

  const ofFiles = ({ key, cert }: Certificate) => ({ key, cert });

  it('finds none where there is none', () => {
    expect(tlsProblem(ofFiles(good))).to.equal(undefined);
    expect(tlsProblem({ ...ofFiles(good), ca: authority.root.cert })).to.equal(undefined);
  });

  it('finds what can be read, and what TLS refuses nevertheless', async () => {
    const weak = await authority.sign('weak', { algorithm: 'sha1' });
    const problem = tlsProblem(ofFiles(weak));
    expect(problem?.part).to.equal('cert');
    expect(problem?.reason).to.match(/^cannot be used for TLS: .*md too weak/);
  });

  for (const [name, type] of [
    ['of today', 'pkcs8'],
    ['of old', 'pkcs1'],
  ] as const) {
    it(`says of a key with a passphrase that it has one, in the form ${name}`, () => {
      const { privateKey: key } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 's3cret' },
      });
      const reason = 'holds a private key with a passphrase: give one without';
      expect(tlsProblem({ key, cert: good.cert })).to.deep.equal({ part: 'key', reason });
      expect(tlsProblem({ key: Buffer.from(key), cert: good.cert })).to.deep.equal({ part: 'key', reason });
    });
  }
});
