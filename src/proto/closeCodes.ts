import { closeErrors } from './responses.js';

/** WebSocket close codes, as all gateways use them in their events, whatever carries a connection. */
export const closeCodes = {
  /** After a Disconnect: the peer said goodbye. */
  goodbye: 1000,
  /** The coordinator shuts down: connect to another. */
  closed: 1001,
  /** The peer broke the rules of the WebSocket protocol. */
  protocolError: 1002,
  /** A text frame where binary ones are spoken, or the other way round. */
  wrongFrameKind: 1003,
  /** The connection broke; seen in events only, never sent. */
  broken: 1006,
  /** A message that could not be read. */
  unreadable: 1007,
  /** A request that was refused; the `error` response before says why. */
  refused: 1008,
  /** A message above the size limit. */
  tooLarge: 1009,
  /** A defect of the coordinator. */
  internal: 1011,
  /** The coordinator has lost its database: connect to another. */
  unhealthy: 1013,
  /** The same peer connected again. */
  overwritten: 4409,
} as const;

const codeOfError: ReadonlyMap<string, number> = new Map([
  ['', closeCodes.goodbye],
  [closeErrors.closed, closeCodes.closed],
  [closeErrors.unhealthy, closeCodes.unhealthy],
  [closeErrors.overwritten, closeCodes.overwritten],
  [closeErrors.internal, closeCodes.internal],
]);

const warning = 'you do not share a tunnel with ';

/** Whether this is the one kind of `error` in a response after which a connection goes on. Nobody has to know it. */
export function isWarning(error: string): boolean {
  return error.startsWith(warning);
}

/**
 * With which code a connection closes when the coordinator has ended it.
 *
 * @param error the `error` of the last response; empty if it had none, or if there was no response
 */
export function closeCodeOf(error: string): number {
  return codeOfError.get(error) ?? (isWarning(error) ? closeCodes.goodbye : closeCodes.refused);
}
