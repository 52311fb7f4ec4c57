/** What the workload tells its workers. */
export type ToWorker =
  /** Start a coordinator. */
  | { readonly kind: 'start'; readonly url: string; readonly busUrl: string | undefined }
  | ({ readonly kind: 'connect' } & Part)
  /** Send updates until told to stop. */
  | { readonly kind: 'go' }
  | { readonly kind: 'stop' };

/** Which peers of the run are a worker's. */
export interface Part {
  /** Of the ids. */
  readonly prefix: string;
  readonly index: number;
  readonly processes: number;
  /** Pairs for each process. */
  readonly pairs: number;
}

/** What a worker says when it has done what it was told. */
export type FromWorker =
  | { readonly kind: 'started' | 'connected' | 'going' }
  | {
      readonly kind: 'stopped';
      /** Updates that its peers received. */
      readonly updates: number;
      /** CPU seconds since `go`. */
      readonly cpu: number;
      /** Milliseconds from an agent's update to its client's answer. */
      readonly roundTrips: readonly number[];
    };
