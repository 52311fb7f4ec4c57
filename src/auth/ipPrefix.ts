/** An IP address with the number of its bits that are fixed. */
export interface IpPrefix {
  /** 4 bytes of an IPv4 address, or 16 of an IPv6 address. An IPv4 address written as IPv6 (`::ffff:1.2.3.4`) has 16. */
  readonly address: Uint8Array;
  readonly bits: number;
}

/**
 * Reads CIDR text: an address, a slash, a number of bits. As strict as it can be: no zones, no leading zeros in
 * decimal numbers, nothing left out. Nothing if the text is none of that.
 */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  // The longest form has 49 characters: 45 of an IPv6 address that ends in an IPv4 address, and "/128".
  if (typeof text !== 'string' || text.length > 49) return undefined;
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseIpAddress(text.slice(0, slash));
  const bits = parseDecimal(text.slice(slash + 1), address ? address.length * 8 : 0);
  return address && bits !== undefined ? { address, bits } : undefined;
}

/** Writes an address as RFC 5952 recommends: lower-case, no leading zeros, the first longest run of zeros as `::`. */
export function formatIpAddress(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  if (isMappedIpv4(address)) return `::ffff:${address.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, index) => group(address, index));
  const zeros = longestRunOfZeros(groups);
  const hex = groups.map((value) => value.toString(16));
  if (zeros.length < 2) return hex.join(':');
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`;
}

function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const numbers = text.split('.').map((part) => parseDecimal(part, 255));
  return numbers.length === 4 ? allDefined(numbers) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (!front || (halves.length === 2 && !back)) return undefined;
  if (!back) return front.length === 16 ? Uint8Array.from(front) : undefined;
  // The two colons stand for one group of zeros at least.
  const zeros = 16 - front.length - back.length;
  return zeros >= 2 ? Uint8Array.from([...front, ...new Uint8Array(zeros), ...back]) : undefined;
}

/** The bytes of groups between colons; the last group of an address may be an IPv4 address. */
function parseGroups(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [index, part] of parts.entries()) {
    const embedded = isLast && index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (embedded) {
      bytes.push(...embedded);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      return undefined;
    }
  }
  return bytes;
}

function parseDecimal(text: string, max: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function allDefined(numbers: readonly (number | undefined)[]): Uint8Array | undefined {
  const defined = numbers.filter((value) => value !== undefined);
  return defined.length === numbers.length ? Uint8Array.from(defined) : undefined;
}

function isMappedIpv4(address: Uint8Array): boolean {
  return address.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 255));
}

function group(address: Uint8Array, index: number): number {
  return ((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0);
}

function longestRunOfZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((value, index) => {
    if (value !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}
