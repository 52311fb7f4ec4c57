import { closeCodes } from '../proto/closeCodes.js';

export { closeCodeOf, closeCodes, isWarning } from '../proto/closeCodes.js';

/** With which code `ws` closes a connection that broke its rules, by the `code` of the error it reports. */
export function closeCodeOfViolation(error: Error & { readonly code?: unknown }): number {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return closeCodes.tooLarge;
    case 'WS_ERR_INVALID_UTF8':
      return closeCodes.unreadable;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return closeCodes.refused;
    default:
      return typeof error.code === 'string' && error.code.startsWith('WS_ERR_')
        ? closeCodes.protocolError
        : closeCodes.broken;
  }
}

const maxReasonBytes = 123;

/** The part of a text that fits into a close frame: 123 bytes of UTF-8, characters kept whole. */
export function closeReason(text: string): string {
  return startOf(text, maxReasonBytes);
}

/** The start of a text, in so many bytes of UTF-8 at most, characters kept whole. */
export function startOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
