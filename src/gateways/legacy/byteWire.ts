import type { Wire } from '../wire.js';

/** A wire whose messages are pieces of one stream of bytes, cut anywhere: what V1 is spoken over. */
export interface ByteWire extends Wire<string> {
  /** @param sent called when it has reached the operating system, or never will */
  send(text: string, sent?: () => void): void;
  /** Breaks off at once. {@link WireListener.violated} and {@link WireListener.closed} follow, with this reason. */
  terminate(reason: string): void;
}
