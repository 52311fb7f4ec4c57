import assert from 'node:assert/strict';
import { pino } from 'pino';
import { NEVER, of } from 'rxjs';
import { channels, type Bus } from '../../src/db/bus.js';
import { hints$, type Hint } from '../../src/streams/hints.js';
import { hintPayloads } from './seeds.js';
import type { Target } from './target.js';

const { heartbeat, peer, tunnel, readyForHandshake: ready, binding } = channels;
const channelsInOrder = [heartbeat, peer, tunnel, ready, binding] as const;
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A channel, by the first byte, and what is heard on it. */
export const channelAndPayload = (input: Buffer): readonly [channel: string, payload: string] => [
  channelsInOrder[(input[0] ?? 0) % channelsInOrder.length] ?? heartbeat,
  input.subarray(1).toString('utf8'),
];

/** What is heard on the channels: a hint exactly if it reads as one, and otherwise a line in the log. */
export const hearing: Target = {
  name: 'hearing',
  seeds: channelsInOrder.flatMap((_, channel) =>
    hintPayloads.map((payload) => Buffer.concat([Buffer.of(channel), payload])),
  ),
  check: (input) => {
    const [channel, payload] = channelAndPayload(input);
    const hints: Hint[] = [];
    const log: string[] = [];
    const bus: Bus = {
      listen$: (listened) => (listened === channel ? of({ kind: 'message' as const, payload }) : NEVER),
      publish: () => NEVER,
    };
    hints$(bus, pino({}, { write: (line) => void log.push(line) }))
      .subscribe({ next: (hint) => hints.push(hint), error: (error: unknown) => assert.fail(String(error)) })
      .unsubscribe();
    const isOne = new RegExp(`^${uuid}$`, 'i').test(payload) && !payload.includes('\n');
    const areTwo = new RegExp(`^${uuid},${uuid}$`, 'i').test(payload) && !payload.includes('\n');
    const [time = '', ...fields] = payload.split(',');
    const isTimed = /^\d{1,16}$/.test(time);
    const areNodes =
      fields.length % 2 === 1 &&
      fields.length > 2 &&
      fields.every(
        (id, at) => (at > 0 && at % 2 === 0) || (new RegExp(`^${uuid}$`, 'i').test(id) && !id.includes('\n')),
      );
    const isUnderstood =
      channel === binding ? isTimed && areNodes : channel === tunnel || channel === ready ? areTwo : isOne;
    assert.deepEqual([hints.length, log.length], isUnderstood ? [1, 0] : [0, 1]);
    for (const hint of hints) {
      if (hint.kind === 'binding') {
        const { updatedAt, coordinatorId, nodes } = hint.hint;
        assert.equal(updatedAt, Number(time));
        const said = [coordinatorId, ...nodes.flatMap(({ peerId, base64 }) => [peerId, base64])];
        assert.deepEqual(
          said,
          fields.map((field, at) => (at > 0 && at % 2 === 0 ? field : field.toLowerCase())),
        );
        continue;
      }
      const { kind: _kind, ...said } = hint;
      const { sender: _sender, ...ids } = { sender: undefined, ...said };
      assert.equal(Object.values(ids).join(), payload.toLowerCase());
    }
  },
};
