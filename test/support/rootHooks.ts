import fc from 'fast-check';
import type { RootHookObject } from 'mocha';
import { dropTemplates } from './testDatabase.js';
import { stopTestServer } from './testServer.js';

/**
 * Property tests draw the same examples in every run, so that a run that passed passes again; TAILNET_TEST_SEED draws
 * others. A failure prints its seed in any case.
 */
fc.configureGlobal({ seed: Number(process.env['TAILNET_TEST_SEED'] ?? 20_240_401) });

/** What the whole test run shares ends with it; without this mocha would not end. */
export const mochaHooks: RootHookObject = {
  async afterAll() {
    await dropTemplates();
    await stopTestServer();
  },
};
