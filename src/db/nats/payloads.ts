import { StoreError } from '../store.js';

/** Bytes of one message, about: enough that a message costs little for each payload, and less than any server takes. */
const messageSize = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Packs payloads into messages: an array of strings in JSON each.
 *
 * @param largest bytes that the server takes in one message
 * @throws StoreError `refused`: `a payload of … bytes is more than NATS takes, …`
 */
export function packPayloads(payloads: readonly string[], largest: number): readonly Uint8Array[] {
  const limit = Math.min(messageSize, largest);
  const messages: Uint8Array[] = [];
  let texts: string[] = [];
  let size = 2;
  const end = () => {
    if (texts.length > 0) messages.push(encoder.encode(`[${texts.join(',')}]`));
    texts = [];
    size = 2;
  };
  for (const payload of payloads) {
    const text = JSON.stringify(payload);
    const length = Buffer.byteLength(text);
    if (length + 2 > largest) {
      throw new StoreError('refused', `a payload of ${length} bytes is more than NATS takes, ${largest}`);
    }
    if (size + length + 1 > limit) end();
    texts.push(text);
    size += length + 1;
  }
  end();
  return messages;
}

/** The payloads of a message; undefined if it is none of ours. */
export function unpackPayloads(message: Uint8Array): readonly string[] | undefined {
  try {
    const payloads: unknown = JSON.parse(decoder.decode(message));
    return Array.isArray(payloads) && payloads.every((payload) => typeof payload === 'string') ? payloads : undefined;
  } catch {
    return undefined;
  }
}
