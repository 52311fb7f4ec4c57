import { Client } from 'pg';
import { channels } from '../../src/db/bus.js';

/** Resolves when this coordinator has beaten once more. */
export const heartbeatOf = async (databaseUrl: string, coordinatorId: string): Promise<void> => {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const heard = new Promise<void>((resolve) => {
      client.on('notification', ({ payload }) => {
        if (payload === coordinatorId) resolve();
      });
    });
    await client.query(`LISTEN ${channels.heartbeat}`);
    await heard;
  } finally {
    await client.end();
  }
};
