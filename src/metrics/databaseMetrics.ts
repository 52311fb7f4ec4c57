import { Histogram, type Registry } from 'prom-client';
import type { Query, QueryResult, Telemetry, Work } from '../telemetry.js';
import { keysBuckets, secondsBuckets } from './buckets.js';
import { Tally } from './tally.js';

/** All that there are, and whether they are for many keys at a time. */
const queries: Readonly<Record<Query, 'batch' | 'single'>> = {
  heartbeat: 'single',
  readCoordinators: 'single',
  writeBindings: 'batch',
  writeTunnels: 'batch',
  loseBindings: 'single',
  readNeighbours: 'batch',
  readPairs: 'batch',
  readBindings: 'batch',
  readOwnBindings: 'single',
  readOwnTunnels: 'single',
  cleanCoordinators: 'single',
  cleanLostBindings: 'single',
  cleanTunnels: 'single',
  publish: 'batch',
  announce: 'batch',
};

type Failure = Exclude<QueryResult, 'ok'>;

const failures: Readonly<Record<Failure, true>> = {
  unavailable: true,
  'missing-coordinator': true,
  refused: true,
  abandoned: true,
  defect: true,
};

const works: Readonly<Record<Work, true>> = {
  writeBindings: true,
  writeTunnels: true,
  readTunnels: true,
  readBindings: true,
  leftovers: true,
  acknowledgements: true,
};

/** What is asked of the database, and what is done in batches. */
export function databaseMetrics(registry: Registry): Pick<Telemetry, 'queryEnded' | 'keyCoalesced' | 'keyGivenUp'> {
  const names = keysOf(queries);
  const seconds = new Histogram({
    name: 'tailnet_query_duration_seconds',
    help: 'How long calls of the database took, or of a bus beside it (announce), waiting for a connection included, whether they failed or not.',
    labelNames: ['query'],
    buckets: [...secondsBuckets],
    registers: [registry],
  });
  const keys = new Histogram({
    name: 'tailnet_query_keys',
    help: 'Batches by how much they were about: peers, pairs, tunnels, acknowledgements or hints in one call of the database.',
    labelNames: ['query'],
    buckets: [...keysBuckets],
    registers: [registry],
  });
  for (const query of names) {
    seconds.zero({ query });
    if (queries[query] === 'batch') keys.zero({ query });
  }
  const errors = new Tally<Query, Failure>({
    name: 'tailnet_query_errors_total',
    help: 'Calls of the database, or of a bus beside it (announce), that failed, each attempt, by why.',
    registry,
    labels: [
      ['query', names],
      ['reason', keysOf(failures)],
    ],
  });
  const coalesced = new Tally<Work>({
    name: 'tailnet_coalesced_total',
    help: 'Keys that came while they waited for their batch already, so that one run did for both.',
    registry,
    labels: [['work', keysOf(works)]],
  });
  const givenUp = new Tally<Work>({
    name: 'tailnet_given_up_total',
    help: 'Keys for which something was given up: the database refused it for good, or a defect did.',
    registry,
    labels: [['work', keysOf(works)]],
  });
  return {
    queryEnded: (query, result, milliseconds, size) => {
      seconds.observe({ query }, milliseconds / 1000);
      if (size !== undefined) keys.observe({ query }, size);
      if (result !== 'ok') errors.count(query, result);
    },
    keyCoalesced: (work) => {
      coalesced.count(work);
    },
    keyGivenUp: (work) => {
      givenUp.count(work);
    },
  };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}
