/** What an agent prints, a line of JSON each. */
export type AgentEvent =
  /** The WireGuard interface is up. */
  | { readonly event: 'up'; readonly interface: string; readonly address: string; readonly publicKey: string }
  /** It publishes that WireGuard can be reached there. */
  | { readonly event: 'endpoints'; readonly endpoints: readonly string[] }
  /** How it stands with the connection to a coordinator; `url` is the one it is tried with. */
  | { readonly event: 'connection'; readonly state: string; readonly url: string; readonly reason?: string }
  /** What the coordinator, or its silence, says of another peer. */
  | { readonly event: 'peer'; readonly peer: string; readonly kind: string; readonly reason: string }
  /** The words with which `wg` was called. */
  | { readonly event: 'wg'; readonly words: readonly string[] };
