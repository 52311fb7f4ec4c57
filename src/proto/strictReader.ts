import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** In 64 bits the last of ten bytes has one bit left. */
const longestNumber = 10;
const longestLength = 5;

/**
 * Refuses unknown fields that not everybody could read. They are passed on to other peers as they are, and what one peer
 * writes must never be what another peer's decoder stumbles over: a number of more than 64 bits, a length that says
 * something else when it is cut to 32 bits, and groups, which proto3 does not have and which decoders read to different
 * depths.
 */
export class StrictReader extends BinaryReader {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bytes;
  }

  override skip(wireType: WireType): Uint8Array {
    const start = this.pos;
    switch (wireType) {
      case WireType.Varint:
        this.#number(longestNumber);
        break;
      case WireType.Bit64:
        this.pos += 8;
        break;
      case WireType.LengthDelimited: {
        const length = this.#number(longestLength);
        this.pos += length;
        break;
      }
      case WireType.Bit32:
        this.pos += 4;
        break;
      default:
        throw new Error(`cannot skip wire type ${String(wireType)}`);
    }
    if (this.pos > this.len) throw new RangeError('premature EOF');
    return this.#bytes.subarray(start, this.pos);
  }

  /** Reads a number of so many bytes at most. Exact up to five. */
  #number(longest: number): number {
    let value = 0;
    for (let count = 0; count < longest; count++) {
      const byte = this.#bytes[this.pos++];
      if (byte === undefined) throw new RangeError('premature EOF');
      value += (byte & 127) * 128 ** count;
      if (byte > 127) continue;
      if (count === longestNumber - 1 && byte > 1) break;
      return value;
    }
    throw new Error('invalid number');
  }
}
