/** The number of the peer with this id. The bytes are usually a view into a larger message; nothing is allocated. */
export const numberOf = (id: Uint8Array): number =>
  (((id[12] ?? 0) << 24) | ((id[13] ?? 0) << 16) | ((id[14] ?? 0) << 8) | (id[15] ?? 0)) >>> 0;
