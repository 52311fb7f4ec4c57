import type { Microseconds } from '../store.js';

// Columns as PostgreSQL sends them in binary, numbers big-endian: `pg` reads everything as text, converts each column and
// makes an object of each row, which costs more than all else that is done about it.

/** All rows in one value. */
export const allPacked = (packed: string, order = ''): string => `string_agg(${packed}, ''::bytea ${order}) AS packed`;

/** Bytes of a timestamp: microseconds from the start of 2000. */
export const packedTime = (timestamp: string): string => `timestamptz_send(${timestamp})`;

/** One byte: 1 for ok. */
export const packedStatus = (status: string): string =>
  `CASE ${status} WHEN 'ok' THEN decode('01', 'hex') ELSE decode('00', 'hex') END`;

/** Microseconds since the epoch; PostgreSQL counts from there. */
const year2000: Microseconds = Date.UTC(2000) * 1000;

/** The {@link packedTime} that starts here. */
export const timeAt = (packed: Buffer, start: number): Microseconds =>
  year2000 + packed.readInt32BE(start) * 2 ** 32 + packed.readUInt32BE(start + 4);

/** The {@link packedStatus} that stands here. */
export const statusAt = (packed: Buffer, start: number): 'ok' | 'lost' => (packed[start] === 1 ? 'ok' : 'lost');
