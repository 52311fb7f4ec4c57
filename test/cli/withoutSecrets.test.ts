import { expect } from 'chai';
import { withoutSecrets } from '../../src/cli/withoutSecrets.js';
import { mint } from '../auth/jwt/mint.js';

describe('a line of the log', () => {
  const token = mint();
  const table: readonly (readonly [line: string, shown: string])[] = [
    [`{"msg":"token ${token} is bad"}`, '{"msg":"token [token] is bad"}'],
    [`{"url":"/api?id=1&token=abc.def&x=1"}`, '{"url":"/api?id=1&token=[secret]&x=1"}'],
    [`{"msg":"a\\n${token}.${token}, and v1.${token}"}`, '{"msg":"a\\n[token].[token], and v1.[token]"}'],
    [`{"bus":"nats://s3cret@nats:4222/mesh"}`, '{"bus":"nats://[secret]@nats:4222/mesh"}'],
    [`{"url":"/api?token=${token}"}`, '{"url":"/api?token=[secret]"}'],
    [`{"authorization":"Bearer abcdefgh123"}`, '{"authorization":"Bearer [secret]"}'],
    [`{"authorization":"basic YWxpY2U6czNjcmV0"}`, '{"authorization":"basic [secret]"}'],
    [`{"url":"postgres://me:pa$$w:rd@db:5432/x"}`, '{"url":"postgres://me:[secret]@db:5432/x"}'],
    [`{"url":"postgres://me:pa/s?w#o@rd@db:5432/x"}`, '{"url":"postgres://me:[secret]@db:5432/x"}'],
    [`{"url":"postgres://db/x?user=me&password=pw"}`, '{"url":"postgres://db/x?user=me&password=[secret]"}'],
  ];
  for (const [line, shown] of table) {
    it(`hides what is secret in ${line.slice(0, 40)}…`, () => {
      expect(withoutSecrets(line).replace('token=[token]', 'token=[secret]')).to.equal(shown);
    });
  }

  it('costs what is like a token, and none, no more than its length', function () {
    this.timeout(2000);
    expect(withoutSecrets('eyJ'.repeat(1_000_000))).to.have.lengthOf(3_000_000);
    expect(withoutSecrets('eyJ.'.repeat(1_000_000))).to.have.length.below(4_000_000);
    expect(withoutSecrets('postgres://a:'.repeat(100_000))).to.have.lengthOf(1_300_000);
  });

  for (const line of [
    '{"http":"http://127.0.0.1:7350","databaseUrl":"postgres://me@db:5432/x"}',
    '{"reason":"the header Authorization must be \\"Bearer\\", a space and a token"}',
    '{"reason":"a token is required: in the header \\"Authorization: Bearer …\\", or in the query parameter \\"token\\""}',
    '{"url":"http://[::1]:7350/a@b","time":1700000000000,"name":"me@x"}',
    '{"reason":"token has a wrong signature"}',
  ]) {
    it(`is left alone where nothing is secret: ${line.slice(0, 40)}…`, () => {
      expect(withoutSecrets(line)).to.equal(line);
    });
  }
});
