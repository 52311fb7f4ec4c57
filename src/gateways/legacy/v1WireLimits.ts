/** What V1 itself limits. */
export interface V1WireLimits {
  /** Bytes of one object. */
  readonly maxMessageSize: number;
  /** Milliseconds that one write may take. */
  readonly writeTimeout: number;
}

/**
 * The write timeout is that of the reference system. A node has some 1000 bytes: JSON takes long to read, and what is as
 * large as a message of V2 may be would keep everybody waiting.
 */
export const defaultV1WireLimits: V1WireLimits = { maxMessageSize: 64 * 1024, writeTimeout: 5000 };
