import { closeCodes } from '../closeCode.js';
import { quote } from '../quote.js';

/** How deep objects may nest. Those of V1 do so twice. */
const maxDepth = 32;

/** Why there are no more objects in a stream. */
export interface StreamProblem {
  /** One of `closeCodes`. */
  readonly code: number;
  readonly reason: string;
}

const [tab, newline, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const [doubleQuote, backslash] = [0x22, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

const none = Buffer.alloc(0);

/**
 * Finds where JSON objects end that follow one another in a stream, with or without white space in between, wherever the
 * stream is cut into chunks. It looks for brackets and quotes only, which are never part of another character in UTF-8;
 * whether it is JSON that is between them, whoever reads the object will see.
 *
 * It holds what was pushed and not asked for yet, and of an object that is not complete a copy of what has come of it,
 * whose size is bounded.
 */
export class ObjectSplitter {
  readonly #maxSize: number;
  readonly #chunks: Buffer[] = [];
  /** Where in the first chunk that begins which was not handed out yet, white space left out. */
  #position = 0;
  /** What has come of an object in the chunks before, and how much of that buffer it is. */
  #partial = none;
  #partialSize = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #problem: StreamProblem | undefined;

  /** @param maxSize bytes of an object */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Why there are no more objects to be found: undefined as long as there may be. */
  get problem(): StreamProblem | undefined {
    return this.#problem;
  }

  /** An object has begun and not ended. */
  get isWithinObject(): boolean {
    return this.#depth > 0;
  }

  push(chunk: Buffer): void {
    if (this.#problem === undefined && chunk.length > 0) this.#chunks.push(chunk);
  }

  /** The next complete object; undefined if there is none yet. */
  next(): Buffer | undefined {
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) return undefined;
      const end = this.#findEnd(chunk);
      if (this.#problem !== undefined) return undefined;
      if (end !== undefined) return this.#take(chunk, end);
      this.#leave(chunk);
    }
  }

  /** Answers where an object ends in this chunk; undefined if none does. */
  #findEnd(chunk: Buffer): number | undefined {
    for (let index = this.#position; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      if (this.#depth === 0) {
        if (byte === openBrace) {
          this.#depth = 1;
        } else if (isWhiteSpace(byte)) {
          this.#position = index + 1;
        } else {
          this.#fail(closeCodes.unreadable, `unreadable request: expected a JSON object, got ${named(byte)}`);
          return undefined;
        }
      } else if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === doubleQuote) this.#isInString = false;
      } else if (byte === doubleQuote) {
        this.#isInString = true;
      } else if (byte === openBrace || byte === openBracket) {
        if (++this.#depth > maxDepth) {
          this.#fail(closeCodes.unreadable, `unreadable request: nested deeper than ${String(maxDepth)} levels`);
          return undefined;
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        if (--this.#depth === 0) return this.#isSmallEnough(index + 1) ? index + 1 : undefined;
      }
    }
    return undefined;
  }

  /** Whether what has come of the object is not too large, if the chunk is read up to here. */
  #isSmallEnough(end: number): boolean {
    if (this.#partialSize + end - this.#position <= this.#maxSize) return true;
    this.#fail(closeCodes.tooLarge, `message too large: at most ${String(this.#maxSize)} bytes`);
    return false;
  }

  #take(chunk: Buffer, end: number): Buffer {
    let object = chunk.subarray(this.#position, end);
    if (this.#partialSize > 0) {
      this.#keep(object);
      object = this.#partial.subarray(0, this.#partialSize);
      this.#partial = none;
      this.#partialSize = 0;
    }
    this.#position = end;
    if (end === chunk.length) this.#drop();
    return object;
  }

  /** Nothing more ends in this chunk: what has begun in it is kept, and the chunk let go. */
  #leave(chunk: Buffer): void {
    if (this.#depth > 0) {
      if (!this.#isSmallEnough(chunk.length)) return;
      this.#keep(chunk.subarray(this.#position));
    }
    this.#drop();
  }

  /** A copy: a small piece of a chunk would hold all of it. */
  #keep(piece: Buffer): void {
    const size = this.#partialSize + piece.length;
    if (size > this.#partial.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#partial.length));
      this.#partial.copy(larger, 0, 0, this.#partialSize);
      this.#partial = larger;
    }
    piece.copy(this.#partial, this.#partialSize);
    this.#partialSize = size;
  }

  #drop(): void {
    this.#chunks.shift();
    this.#position = 0;
  }

  #fail(code: number, reason: string): void {
    this.#problem = { code, reason };
    this.#chunks.length = 0;
    this.#partial = none;
    this.#depth = 0;
  }
}

function isWhiteSpace(byte: number): boolean {
  return byte === space || byte === newline || byte === carriageReturn || byte === tab;
}

function named(byte: number): string {
  return byte > space && byte < 0x7f ? quote(String.fromCharCode(byte)) : `byte ${String(byte)}`;
}
