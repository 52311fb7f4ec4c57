import type { Timestamp } from '../../proto/gen/google/protobuf/timestamp.js';

/** How V1 writes that there is no time: the zero time of Go. */
export const noTime = '0001-01-01T00:00:00Z';

/** From the start of the year 1 to the end of the year 9999: what RFC 3339 has words for. */
const [firstSecond, lastSecond] = [-62_135_596_800n, 253_402_300_799n];

/** A time in RFC 3339, in UTC, with as many digits of a second as it has; `noTime` for none, or one that cannot be said. */
export function v1Time(time: Timestamp | undefined): string {
  if (!time) return noTime;
  const { seconds, nanos } = time;
  if (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999) return noTime;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${fraction}Z`;
}
