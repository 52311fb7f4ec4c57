import type { CoordinateResponse, CoordinateRequest } from '../proto/gen/tailnet.js';

/** How messages look on a wire. */
export interface MessageCodec<Encoded> {
  /** Reads one message; throws when it is none. Keeps nothing of the buffer. */
  readonly decode: (data: Buffer) => CoordinateRequest;
  /** Undefined for a response that has no words on this wire: nothing is sent. */
  readonly encode: (response: CoordinateResponse) => Encoded | undefined;
}

/** What carries the messages of one peer: a WebSocket, or a gRPC call. It tells a {@link WireListener} what comes. */
export interface Wire<Encoded> {
  /** Bytes that have come so far. */
  readonly bytesRead: number;
  /** Stops bringing messages. What was read together with the last one may still come. */
  pause(): void;
  resume(): void;
  /** Messages can still be sent. */
  readonly isOpen: boolean;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** More waits than the other end should be given. {@link WireListener.drained} follows when nothing waits any more. */
  readonly isFull: boolean;
  send(message: Encoded): void;
  /** Ends the wire after all that was sent, with one of `closeCodes`. {@link WireListener.closed} follows. */
  close(code: number, reason: string): void;
}

/** Who is told what comes over a wire. */
export interface WireListener {
  /** A message. */
  message(data: Buffer): void;
  /** Something came in the place of a message that can be none. The wire is closed, with one of `closeCodes`. */
  unfit(code: number, reason: string): void;
  /** Something else, which is no message but costs as much as one. */
  noise(): void;
  /** Nothing waits to be sent any more. */
  drained(): void;
  /** No more messages come, and the other end still listens. */
  ended(): void;
  /** The other end broke the rules, or the wire broke. {@link closed} follows. */
  violated(code: number, reason: string): void;
  /** It is over; told once, and last. The code counts only if nobody has closed the wire before. */
  closed(code: number, reason: string): void;
  /** Something that was to be sent has not reached the operating system yet. */
  readonly isBehind: boolean;
}
