import assert from 'node:assert/strict';
import { pino } from 'pino';
import { NEVER, of } from 'rxjs';
import { channels, type Bus } from '../../src/db/bus.js';
import { hints$, type Hint } from '../../src/streams/hints.js';
import type { BindingHint } from '../../src/db/bindingHint.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { bindingHints, hintPayloads } from './seeds.js';
import type { Target } from './target.js';

const { heartbeat, peer, tunnel, readyForHandshake: ready, binding } = channels;
const channelsInOrder = [heartbeat, peer, tunnel, ready, binding] as const;
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A channel, by the first byte, and what is heard on it. */
export const channelAndPayload = (input: Buffer): readonly [channel: string, payload: string] => [
  channelsInOrder[(input[0] ?? 0) % channelsInOrder.length] ?? heartbeat,
  input.subarray(1).toString('utf8'),
];

/** Rows come sealed beside the payload: here, behind this byte. */
const separator = 0x7c;

/** What is heard on the channels: a hint exactly if it reads as one, and otherwise a line in the log. */
export const hearing: Target = {
  name: 'hearing',
  seeds: [
    ...channelsInOrder.flatMap((_, channel) =>
      hintPayloads.map((payload) => Buffer.concat([Buffer.of(channel), payload])),
    ),
    ...bindingHints.map((hint) => Buffer.concat([Buffer.of(channelsInOrder.indexOf(binding)), hint])),
  ],
  check: (input) => {
    const cut = input.indexOf(separator);
    const [channel, payload] = channelAndPayload(cut < 0 ? input : input.subarray(0, cut));
    const rows = cut < 0 ? undefined : input.subarray(cut + 1);
    const hints: Hint[] = [];
    const log: string[] = [];
    const event = { kind: 'message', payload, sender: 1, sealed: () => rows } as const;
    const bus: Bus = {
      listen$: (listened) => (listened === channel ? of(event) : NEVER),
      publish: () => NEVER,
    };
    hints$(bus, pino({}, { write: (line) => void log.push(line) }))
      .subscribe({ next: (hint) => hints.push(hint), error: (error: unknown) => assert.fail(String(error)) })
      .unsubscribe();
    const isOne = new RegExp(`^${uuid}$`, 'i').test(payload) && !payload.includes('\n');
    const areTwo = new RegExp(`^${uuid},${uuid}$`, 'i').test(payload) && !payload.includes('\n');
    const areAny = new RegExp(`^[^,]*(,${uuid})+$`, 'i').test(payload);
    const isUnderstood = channel === binding ? areAny : channel === tunnel || channel === ready ? areTwo : isOne;
    assert.deepEqual([hints.length, log.length], isUnderstood ? [1, 0] : [0, 1]);
    for (const hint of hints) {
      if (hint.kind === 'binding') {
        checkBinding(hint.hint, payload, rows);
        continue;
      }
      const { kind: _kind, ...said } = hint;
      const { sender: _sender, ...ids } = { sender: undefined, ...said };
      assert.equal(Object.values(ids).join(), payload.toLowerCase());
    }
  },
};

/** What is taken out of rows is all that is in them, and for each peer one. */
function checkBinding({ peerIds, open }: BindingHint, payload: string, rows: Buffer | undefined): void {
  const [time = '', ...ids] = payload.split(',');
  assert.deepEqual(
    peerIds,
    ids.map((id) => id.toLowerCase()),
  );
  const opened = open();
  if (opened === undefined) return;
  assert.ok(/^\d{1,16}$/.test(time));
  assert.equal(opened.updatedAt, Number(time));
  assert.equal(opened.nodes.length, ids.length);
  const lengths = opened.nodes.map((node) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(node.byteLength);
    return length;
  });
  const again = [uuidToBytes(opened.coordinatorId), ...opened.nodes.flatMap((node, at) => [lengths[at] ?? '', node])];
  assert.deepEqual(Buffer.concat(again.map((part) => Buffer.from(part))), rows);
}
