/** What a generation of coder/coder does differently from the others, as far as a neighbour on the same database can tell. */
export interface Generation {
  readonly name: string;
  /** Its tables announce by triggers what changes in them; without, the coordinator publishes after each write. */
  readonly hasTriggers: boolean;
  /** A coordinator that closes deletes its row, and so all it wrote; otherwise it sets its peers lost. */
  readonly deletesItself: boolean;
  /** Peers of a silent coordinator are no more; otherwise they are lost. */
  readonly dropsSilent: boolean;
  /** Knows the acknowledgements of handshakes. */
  readonly shakesHands: boolean;
  /** The indexes of the tunnels are there. */
  readonly hasTunnelIndexes: boolean;
}

/** From the tables of migration 000168 on. */
export const spring2024: Generation = {
  name: 'spring 2024 (triggers; deletes its row)',
  ...{ hasTriggers: true, deletesItself: true, dropsSilent: true, shakesHands: false, hasTunnelIndexes: false },
};

/** Since August 2024 (#14165). */
export const autumn2024: Generation = {
  name: 'August 2024 to spring 2026 (triggers; keeps its row)',
  ...{ hasTriggers: true, deletesItself: false, dropsSilent: false, shakesHands: true, hasTunnelIndexes: false },
};

/** Since migration 000483, which drops the triggers. */
export const autumn2026: Generation = {
  name: 'since May 2026 (no triggers; keeps its row)',
  ...{ hasTriggers: false, deletesItself: false, dropsSilent: false, shakesHands: true, hasTunnelIndexes: true },
};

export const generations: readonly Generation[] = [spring2024, autumn2024, autumn2026];
