import { setInterval } from 'node:timers';

// A worker that does as TEST_WORKER says, to be put into a fleet.
const send = (message) => process.send(message);
const behaviours = {
  /** Is being loaded, for ever: it does not listen yet. */
  loading: () => undefined,
  /** Has just begun to listen when it is asked to end. */
  late: () => {
    process.on('SIGTERM', () => send({ kind: 'tailnet:hello' }));
    send({ kind: 'test:ready' });
  },
  blocked: () => {
    process.on('SIGTERM', () => undefined);
    send({ kind: 'test:ready' });
  },
  serving: () => {
    process.on('SIGTERM', () => undefined);
    send({ kind: 'tailnet:hello' });
    send({ kind: 'tailnet:listening' });
  },
};
process.on('message', ({ kind, question }) => {
  if (kind === 'tailnet:drain') process.exit(0);
  if (kind !== 'tailnet:collect') return;
  // The first has metrics; the second dies instead.
  if (process.env.TAILNET_SLOT_AMONG_WORKERS === '2') process.kill(process.pid, 'SIGKILL');
  const values = [{ value: 7, labels: { worker: '1' } }];
  const metrics = [{ name: 'some_total', help: 'Some.', type: 'counter', aggregator: 'sum', values }];
  send({ kind: 'tailnet:collected', question, metrics });
});
behaviours[process.env.TEST_WORKER]();
setInterval(() => undefined, 1e6);
