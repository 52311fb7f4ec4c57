import { figureOf } from '../report/figureOf.js';
import type { ChartOptions, Series } from '../report/lineChart.js';
import type { Section } from '../report/page.js';
import type { Sweep } from './sweep.js';
import type { Result } from './suiteRun.js';

/** The report: what is varied, what it costs, and what a good coordinator shows. */
export const sweepSections = ({ hubs, meshes, clusters }: Sweep): readonly Section[] => [
  {
    title: 'One client of a hub updates',
    text: 'The hub and half of its clients are at one coordinator, the other half at another. One client at a time publishes a new node, and the hub has to get it. Nothing here should depend on the size of the hub.',
    charts: costOfOne('c_client_update.', 'updates', hubs, 'clients', 'clients of the hub'),
  },
  {
    title: 'The hub updates',
    text: 'The hub publishes a new node, and every client has to get it. That is one delivery for each client, and nothing else should grow with them.',
    charts: [
      {
        title: 'Until the last client has it',
        note: 'In proportion to the deliveries: a straight line.',
        ...hubAxes,
        y: 'milliseconds',
        logY: true,
        series: latencies('b_hub_update.', hubs, 'clients'),
      },
      {
        title: 'CPU for each delivery',
        note: 'Falls while what an update costs anyway is shared by more, then stays level.',
        ...hubAxes,
        y: 'microseconds',
        logY: true,
        series: cpu(
          'b_hub_update.',
          hubs,
          'clients',
          1e6,
          ({ params }) => count(params, 'clients') * count(params, 'rounds'),
        ),
      },
      {
        title: 'Statements and rows for each update',
        note: 'Independent of the number of clients.',
        ...hubAxes,
        y: 'for each update',
        series: statements('b_hub_update.', 'rounds', hubs, 'clients'),
      },
      {
        title: 'Everybody joins',
        note: 'From the first connection until everybody knows whom it must: a straight line.',
        ...hubAxes,
        y: 'seconds',
        logY: true,
        series: [line('join', hubs, 'clients', ({ metrics }) => figureOf(metrics, 'a_join.join_s'))],
      },
    ],
  },
  {
    title: 'One peer of a mesh updates',
    text: 'Everybody has a tunnel to everybody, half of them at each of two coordinators. One peer at a time publishes a new node, and everybody has to get it.',
    charts: costOfOne('', 'updates', meshes, 'peers', 'peers in the mesh'),
  },
  {
    title: 'More coordinators',
    text: 'Each coordinator is a process of its own, with agents whose clients are at the coordinator before it. Client and agent answer each other’s updates as fast as they come. More processes help as long as the machine has processors for them and for PostgreSQL.',
    charts: [
      {
        title: 'Updates in a second',
        note: 'Delivered, over all coordinators.',
        x: 'coordinators',
        y: 'updates per second',
        series: [line('all together', clusters, 'processes', ({ metrics }) => figureOf(metrics, 'updates_per_s'))],
      },
      {
        title: 'CPU for each update',
        note: 'What more coordinators cost.',
        x: 'coordinators',
        y: 'microseconds',
        series: [
          line('coordinators', clusters, 'processes', ({ metrics }) =>
            times(1000, figureOf(metrics, 'cpu_processes_ms_per_update')),
          ),
          line('PostgreSQL', clusters, 'processes', ({ metrics }) =>
            times(1000, figureOf(metrics, 'cpu_pg_ms_per_update')),
          ),
        ],
      },
    ],
  },
];

const hubAxes = { x: 'clients of the hub', logX: true } as const;

/** Latency, statements and rows, and CPU of single updates of one phase. */
const costOfOne = (
  phase: string,
  updates: string,
  results: readonly Result[],
  by: string,
  x: string,
): readonly ChartOptions[] => [
  {
    title: 'Latency',
    note: 'From the request to the last response that brings it.',
    ...{ x, logX: true, y: 'milliseconds' },
    series: latencies(phase, results, by),
  },
  {
    title: 'Statements and rows for each update',
    note: 'As PostgreSQL counts them, heartbeats included.',
    ...{ x, logX: true, y: 'for each update' },
    series: statements(phase, updates, results, by),
  },
  {
    title: 'CPU for each update',
    note: 'Of the process with both coordinators and all peers, and of PostgreSQL.',
    ...{ x, logX: true, y: 'milliseconds' },
    series: cpu(phase, results, by, 1000, ({ params }) => count(params, updates)),
  },
];

const latencies = (phase: string, results: readonly Result[], by: string): readonly Series[] => [
  line('p50', results, by, ({ metrics }) => figureOf(metrics, `${phase}p50_ms`)),
  line('p99', results, by, ({ metrics }) => figureOf(metrics, `${phase}p99_ms`)),
];

const statements = (phase: string, updates: string, results: readonly Result[], by: string): readonly Series[] =>
  ['statements', 'rows'].map((name) =>
    line(name, results, by, ({ metrics, params }) =>
      times(1 / count(params, updates), figureOf(metrics, `${phase}cost.${name}`)),
    ),
  );

const cpu = (
  phase: string,
  results: readonly Result[],
  by: string,
  unit: number,
  divisor: (result: Result) => number,
): readonly Series[] => [
  line('process', results, by, (result) =>
    times(unit / divisor(result), figureOf(result.metrics, `${phase}cost.cpu_process_s`)),
  ),
  line('PostgreSQL', results, by, (result) =>
    times(unit / divisor(result), figureOf(result.metrics, `${phase}cost.cpu_pg_s`)),
  ),
];

const line = (
  name: string,
  results: readonly Result[],
  by: string,
  figure: (result: Result) => number | undefined,
): Series => ({
  name,
  points: results.flatMap((result) => {
    const y = figure(result);
    return y === undefined ? [] : [[count(result.params, by), y] as const];
  }),
});

const count = (params: Result['params'], name: string): number => Number(params[name]);
const times = (factor: number, value: number | undefined): number | undefined =>
  value === undefined ? undefined : value * factor;
