/** What the workload tells the server process. */
export type ToServer =
  | { readonly kind: 'start'; readonly url: string; readonly maxConnections: number }
  /** Collect all garbage, and say what is resident then. */
  | { readonly kind: 'collect' }
  /** Watch the event loop from now on. */
  | { readonly kind: 'watch' }
  /** Say what was watched. */
  | { readonly kind: 'report' }
  | { readonly kind: 'stop' };

export type FromServer =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'collected'; readonly rss: number }
  | { readonly kind: 'watching' }
  | ({ readonly kind: 'watched' } & Watched)
  | { readonly kind: 'stopped' };

/** How the event loop and the processor of the server were used since it was told to watch. */
export interface Watched {
  /** By how much turns were late, milliseconds. */
  readonly event_loop_delay_p50_ms: number;
  readonly event_loop_delay_p99_ms: number;
  readonly event_loop_delay_max_ms: number;
  readonly cpu_server_s: number;
}
