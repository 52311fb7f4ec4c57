import type { ConnectionEnd } from './transport.js';

/**
 * The coordinator will not take this peer as it is, and trying again would change nothing. Its message is one of
 *
 * - `the coordinator refuses this peer: HTTP 401 …` (any status from 400 to 499 but 408 and 429, with the line of the answer),
 * - `the coordinator refuses this peer: 1008 …`, with the reason of the close frame, the start of the `error` of its last
 *   response,
 * - `another peer has connected with this id: 4409 peer ID overwritten by new connection`.
 */
export class TailnetClientError extends Error implements ConnectionEnd {
  /** `TailnetClientError`. */
  override readonly name = 'TailnetClientError';
  readonly code: number;
  readonly reason: string;
  readonly status?: number;

  constructor({ code, reason, status }: ConnectionEnd) {
    const what = code === 4409 ? 'another peer has connected with this id' : 'the coordinator refuses this peer';
    super(`${what}: ${status === undefined ? `${String(code)} ` : ''}${reason}`.trim());
    this.code = code;
    this.reason = reason;
    if (status !== undefined) this.status = status;
  }
}
