/** What an encoding is, by the letter of the protobuf specification and of tailnet.proto. */
export interface Verdict {
  /** Whether a decoder may take it. */
  readonly isMessage: boolean;
  /**
   * Nothing in it that decoders read in different ways: every known field has its type, text is UTF-8, and a message that
   * can be there once is there once: some merge several, and some take the last.
   */
  readonly isPlain: boolean;
}

type Kind = 'number' | 'double' | 'bytes' | 'text' | Schema;
/** The kinds of fields by their numbers, from 1 on. */
interface Schema {
  readonly kinds: readonly Kind[];
  readonly isRepeated: boolean;
}

const one = (...kinds: readonly Kind[]): Schema => ({ kinds, isRepeated: false });
const many = (...kinds: readonly Kind[]): Schema => ({ kinds, isRepeated: true });

const time = one('number', 'number');
const node = one(
  ...(['number', time, 'bytes', 'text', 'number', many('text', 'double'), many('number', 'text')] as const),
  ...(['text', 'text', 'text'] as const),
);
const request = one(one(node), one(), one('bytes'), one('bytes'), many('bytes'));

/** Judges by a walk of its own; knows no other decoder. */
export const judge = (bytes: Uint8Array, name: 'CoordinateRequest' | 'Node'): Verdict => {
  const walk = new Walk(bytes);
  try {
    walk.message(name === 'Node' ? node : request, bytes.length);
    return { isMessage: true, isPlain: walk.isPlain };
  } catch {
    return { isMessage: false, isPlain: false };
  }
};

const wireTypes: Readonly<Record<string, number>> = { number: 0, double: 1 };

class Walk {
  isPlain = true;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(fields: Schema, end: number): void {
    const seen = new Set<Kind>();
    while (this.#at < end) this.#field(fields, seen);
    if (this.#at !== end) throw new Error('a field is longer than its message');
  }

  #field({ kinds }: Schema, seen: Set<Kind>): void {
    const start = this.#at;
    const tag = this.#number(10, 'low bits');
    // Some decoders take no tag with more bytes than 32 bits need.
    if (this.#at - start > 5) this.isPlain = false;
    const [number, wireType] = [tag >>> 3, tag & 7];
    if (number === 0) throw new Error('a field without a number');
    const kind = kinds[number - 1];
    const isTyped = kind !== undefined && wireType === (typeof kind === 'string' ? (wireTypes[kind] ?? 2) : 2);
    if (kind !== undefined && !isTyped) this.isPlain = false;
    if (typeof kind === 'object' && !kind.isRepeated && seen.has(kind)) this.isPlain = false;
    if (kind !== undefined) seen.add(kind);
    switch (wireType) {
      case 0:
        this.#number(10, isTyped ? 'any bits' : 'all bits');
        break;
      case 1:
        this.#skip(8);
        break;
      case 2:
        this.#lengthened(isTyped ? kind : 'bytes', this.#number(isTyped ? 10 : 5, isTyped ? 'low bits' : 'all bits'));
        break;
      case 5:
        this.#skip(4);
        break;
      default:
        throw new Error('a group');
    }
  }

  #lengthened(kind: Kind, length: number): void {
    const start = this.#at;
    if (typeof kind !== 'string') {
      if (start + length > this.#bytes.length) throw new Error('too long');
      this.message(kind, start + length);
      return;
    }
    this.#skip(length);
    if (kind !== 'text') return;
    const text = Buffer.from(this.#bytes.subarray(start, this.#at));
    if (!Buffer.from(text.toString('utf8')).equals(text)) this.isPlain = false;
  }

  #skip(length: number): void {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error('too long');
  }

  /** Of a number in a place that is known, decoders take the bits that they need; in one that is not, all must be right. */
  #number(longest: number, which: 'low bits' | 'any bits' | 'all bits'): number {
    let value = 0n;
    for (let count = 0; count < longest; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('too short');
      value |= BigInt(byte & 127) << BigInt(7 * count);
      if (byte > 127) continue;
      if (which !== 'all bits') {
        // More than that is read differently by different decoders, where it is a tag or a length.
        if (which === 'low bits' && value > 0xffff_ffffn) this.isPlain = false;
        return Number(value & 0xffff_ffffn);
      }
      if (value >= 1n << 64n) break;
      return Number(value);
    }
    throw new Error('too large');
  }
}
