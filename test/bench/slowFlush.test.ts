import { expect } from 'chai';
import { connect } from '../../bench/database/connect.js';
import { slowFlush } from '../../bench/database/slowFlush.js';
import { privateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';

const settingsAt = async (url: string) => {
  const rows = await query(
    url,
    `SELECT current_setting('commit_delay') AS delay, current_setting('commit_siblings') AS siblings`,
  );
  return rows[0];
};

describe('slow flushes', () => {
  it('are there until they are put back, to what was set before', async () => {
    await using server = await privateServer();
    await query(server.url, 'ALTER SYSTEM SET commit_siblings = 7');
    await query(server.url, 'SELECT pg_reload_conf()');
    const admin = await connect(server.url);
    try {
      const restore = await slowFlush(admin);
      expect(await settingsAt(server.url)).to.deep.equal({ delay: '1000', siblings: '0' });
      await restore();
      expect(await settingsAt(server.url)).to.deep.equal({ delay: '0', siblings: '7' });
    } finally {
      await admin.end();
    }
  });
});
