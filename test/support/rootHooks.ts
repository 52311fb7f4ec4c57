import type { RootHookObject } from 'mocha';
import { dropTemplates } from './testDatabase.js';
import { stopTestServer } from './testServer.js';

/** What the whole test run shares ends with it; without this mocha would not end. */
export const mochaHooks: RootHookObject = {
  async afterAll() {
    await dropTemplates();
    await stopTestServer();
  },
};
