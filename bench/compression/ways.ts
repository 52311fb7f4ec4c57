/** How a WebSocket may be compressed. `shared_context`: with all that went over it before; `per_message`: without. */
export const ways = {
  none: false,
  shared_context: { threshold: 0 },
  per_message: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
} as const;

export type Way = keyof typeof ways;
