/** One way to break the core: a text in a file of `src`, and what stands in its place. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong then. */
  readonly why: string;
}

/** Mistakes that one could make. Each must be found by simulation. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no second run',
    file: 'streams/operators/coalesceInBatches.ts',
    find: 'if (isMarked) mark(key);',
    replace: 'void isMarked;',
    why: 'What comes while its key is in a batch is never written or read: the plain exhaustMap.',
  },
  {
    name: 'several runs of a key',
    file: 'streams/operators/coalesceInBatches.ts',
    find: "if (now === undefined) pending.add(key);\n        else if (now === 'running') progress.set(key, 'marked');",
    replace: 'void now;\n        pending.add(key);',
    why: 'An older read overwrites a newer one: snapshots are applied out of order.',
  },
  {
    name: 'a bad key takes its batch with it',
    file: 'streams/operators/coalesceInBatches.ts',
    find: '} else if (keys.length > 1) {',
    replace: '} else if (keys.length > 1_000) {',
    why: 'What the database refuses of one peer is not written of others either.',
  },
  {
    name: 'gap ignored',
    file: 'streams/hints.ts',
    find: 'if (listening.size === readers.length) subscriber.next(gap);',
    replace: 'if (listening.size === readers.length && listening.delete(channel)) subscriber.next(gap);',
    why: 'After the first gap none is passed on: what was missed is not read before the rolling check.',
  },
  {
    name: 'late withdrawal honoured',
    file: 'streams/connection.ts',
    find: 'if (!connections.close(connection)) return;',
    replace: 'connections.close(connection);',
    why: 'The end of a connection that was overwritten marks its successor lost.',
  },
  {
    name: 'recorded too early',
    file: 'streams/operators/conflate.ts',
    find: 'this.#waiting.add(value);',
    replace: 'this.#waiting.add(value);\n    if (!this.#isReady) this.#waiting.take();',
    why: 'What changes while the receiver is not ready counts as told.',
  },
  {
    name: 'expiry without the database',
    file: 'streams/liveness.ts',
    find: 'graceLeft() > 0 ? EMPTY : ask$;',
    replace:
      'graceLeft() > 0\n          ? EMPTY\n          : defer(() => [new Map([...state].filter(([, at]) => scheduler.now() - at < expiry))]);',
    why: 'Who is not heard is taken for gone, although only the notifications are lost.',
  },
  {
    name: 'no grace after an outage',
    file: 'streams/liveness.ts',
    find: 'return Math.max(0, troubleAt + grace - now);',
    replace: 'return 0 * grace;',
    why: 'After an outage of the database everybody is called lost, since nobody could write a heartbeat.',
  },
  {
    name: 'lost rows made',
    file: 'testing/memory/bindingWrites.ts',
    find: "} else if (write.kind === 'node' || tables.bindings.get(peerId)?.has(coordinatorId)) {",
    replace: '} else {',
    why: 'LOST as upsert: it brings back the row of a peer whose goodbye has removed it.',
  },
  {
    name: 'lost peers torn down',
    file: 'streams/connection.ts',
    find: "kind: forGood ? 'disconnected' : 'lost', peerId",
    replace: "kind: 'disconnected', peerId",
    why: 'A broken connection counts as a goodbye.',
  },
  {
    name: 'tunnels stay after a goodbye',
    file: 'streams/connection.ts',
    find: "kind: forGood ? 'clear' : 'release', src: peerId",
    replace: "kind: 'release', src: peerId",
    why: 'The tunnels of a peer that has left are there for a day.',
  },
  {
    name: 'the wait of a failed read forgets what it was for',
    file: 'streams/querier.ts',
    find: "for (const peerId of all) markUnreadIfJoined(peerId, 'all');",
    replace: '',
    why: 'A peer that connects while the database fails never learns of its neighbours, but by a rolling check.',
  },
  {
    name: 'lost beats there',
    file: 'streams/mapping.ts',
    find: '(isThere === bestIsThere ? isNewer(binding, best) : isThere)',
    replace: 'isNewer(binding, best)',
    why: 'A coordinator that notices late that a peer has gone makes others believe it, although the peer is back elsewhere.',
  },
  {
    name: 'dead coordinators count',
    file: 'streams/mapping.ts',
    find: "binding.status === 'ok' && isLive(binding.coordinatorId);",
    replace: "binding.status === 'ok' && (isLive(binding.coordinatorId) || true);",
    why: 'The peers of a coordinator that died stay there for ever.',
  },
  {
    name: 'no repeated withdrawals',
    file: 'streams/leftovers.ts',
    find: "if (step === 'repeat') repeatWithdrawal(peerId, withdrawal);",
    replace: '',
    why: 'A goodbye at a second coordinator leaves the row that the first one had not given up yet.',
  },
  {
    name: 'as_of announced',
    file: 'streams/binder.ts',
    find: "current?.kind === 'node' && sameNodeBytes(current.node, change.node) ? undefined : change",
    replace: "current?.kind === 'node' && current.node === change.node ? undefined : change",
    why: 'A node that differs in nothing but its time is written.',
  },
  {
    name: 'a missing coordinator is final',
    file: 'streams/storeCalls.ts',
    find: "error.reason !== 'refused'",
    replace: "error.reason === 'unavailable'",
    why: 'What is written while the own row is missing is given up.',
  },
  {
    name: 'own rows not compared',
    file: 'coordinator.ts',
    find: "map(() => 'own rows'),",
    replace: "map(() => 'own rows'),\n        filter(() => false),",
    why: 'Rows that vanished are never written again.',
  },
  {
    name: 'the rolling check stands still',
    file: 'streams/sweep.ts',
    find: 'sweep$(options, (chunks) => period / 2 / chunks),',
    replace: 'onePeriod$,',
    why: 'A notification that was lost is never made good.',
  },
  {
    name: 'a heartbeat that fails is the last',
    file: 'streams/heartbeats.ts',
    find: 'beat$.pipe(repeat({ delay: () => pause$ }))',
    replace:
      "beat$.pipe(repeat({ delay: () => pause$ })).pipe((beats$) => new Observable<Beat>((subscriber) => beats$.subscribe({ next: (beat) => { subscriber.next(beat); if (beat.kind === 'failed') subscriber.complete(); } })))",
    why: 'A coordinator goes silent after the first failure.',
  },
  {
    name: 'goodbye does not wait for its binding',
    file: 'streams/tunneler.ts',
    find: 'return source.clear !== undefined && goodbyes.owesGoodbye(src) ? undefined : source;',
    replace: 'return source;',
    why: 'Tunnels are spared for a binding that goes a moment later.',
  },
];
