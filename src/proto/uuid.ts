/** A UUID as lower-case text. */
export type Uuid = string;

/** The UUID of sixteen zero bytes; nobody's. */
export const nilUuid: Uuid = '00000000-0000-0000-0000-000000000000';

// The package `uuid` refuses what no version of RFC 9562 would make. Peers choose their bits freely.
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const digits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** The character codes of the text: a string made of all of them at once is one piece, one put together is held as its parts. */
const scratch = Array.from(nilUuid, (character) => character.charCodeAt(0));

/** Where the two digits of each byte start in the text. */
const positions = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Whether this is a UUID: 8-4-4-4-12 hexadecimal digits of either case, any version. */
export function isUuid(value: unknown): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/**
 * The UUID in its one form: lower-case.
 *
 * @throws TypeError `not a UUID: "…"`
 */
export function parseUuid(text: string): Uuid {
  if (!isUuid(text)) throw new TypeError(`not a UUID: ${quote(text)}`);
  return text.toLowerCase();
}

/**
 * The sixteen bytes that stand for a UUID on the wire.
 *
 * @throws TypeError `not a UUID: "…"`
 */
export function uuidToBytes(text: Uuid): Uint8Array {
  if (!isUuid(text)) throw new TypeError(`not a UUID: ${quote(text)}`);
  const bytes = new Uint8Array(16);
  for (let index = 0; index < 16; index++) {
    const position = positions[index] ?? 0;
    bytes[index] = (digit(text.charCodeAt(position)) << 4) | digit(text.charCodeAt(position + 1));
  }
  return bytes;
}

/**
 * The UUID that these sixteen bytes stand for.
 *
 * @throws RangeError `a UUID has 16 bytes, got 3`
 */
export function uuidFromBytes(bytes: Uint8Array): Uuid {
  if (bytes.length !== 16) throw new RangeError(`a UUID has 16 bytes, got ${String(bytes.length)}`);
  return uuidAt(bytes, 0);
}

/** The UUID that the sixteen bytes from here on stand for. They must be there. */
export function uuidAt(bytes: Uint8Array, start: number): Uuid {
  for (let index = 0; index < 16; index++) {
    const byte = bytes[start + index] ?? 0;
    const position = positions[index] ?? 0;
    scratch[position] = digits[byte >> 4] ?? 0;
    scratch[position + 1] = digits[byte & 15] ?? 0;
  }
  return String.fromCharCode(...scratch);
}

/** The value of a hexadecimal digit, by its character code; what is none was refused before. */
function digit(code: number): number {
  return code <= 57 ? code - 48 : (code | 32) - 87;
}

/** What somebody gave instead of a UUID, short enough for a message. */
function quote(value: unknown): string {
  const text = String(value);
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
