import { closeCodes } from '../proto/closeCodes.js';
import type { ConnectionEnd } from './transport.js';

/** What to do after a connection has ended. */
export type NextStep =
  /** Nothing: the goodbye is said. */
  | { readonly kind: 'done' }
  /** Nothing: it would end the same way. */
  | { readonly kind: 'refused' }
  /** Connect again, with this many failures in a row so far. */
  | { readonly kind: 'again'; readonly failures: number };

/** What is known of a connection that has ended. */
interface EndedConnection {
  readonly end: ConnectionEnd;
  /** Failures in a row before it. */
  readonly failures: number;
  /** Whether it has proved to be of use: that it was accepted says nothing. */
  readonly wasUseful: boolean;
  /** Whether it was asked for to connect anew. */
  readonly isAskedAnew: boolean;
  /** Whether the goodbye was asked for. */
  readonly isGoodbye: boolean;
  /** Whether the next connection will show another token. */
  readonly hasNewToken: boolean;
}

/** HTTP statuses from 400 to 499 that are about the moment. */
const passing: readonly number[] = [408, 429];

/** Decides what to do after a connection has ended. */
export function nextStep(ended: EndedConnection): NextStep {
  const { end, failures, wasUseful, isAskedAnew, isGoodbye, hasNewToken } = ended;
  if (isGoodbye) return { kind: 'done' };
  if (isFinal(end, hasNewToken)) return { kind: 'refused' };
  return { kind: 'again', failures: (wasUseful ? 0 : failures) + (isAskedAnew ? 0 : 1) };
}

function isFinal({ code, reason, status }: ConnectionEnd, hasNewToken: boolean): boolean {
  if (status !== undefined) return status >= 400 && status < 500 && !passing.includes(status);
  if (code === closeCodes.refused) return !(hasNewToken && /^token (expired|revoked)/.test(reason));
  return code === closeCodes.overwritten;
}

/**
 * How long to wait before connecting again, in milliseconds: 1.5 times as long for each failure, shortened by up to a
 * half, so that those who were sent away together do not come back together.
 */
export function retryDelay(
  failures: number,
  { initial, max, random }: { readonly initial: number; readonly max: number; readonly random: () => number },
): number {
  return Math.round(Math.min(max, initial * 1.5 ** (failures - 1)) * (0.5 + random() / 2));
}
