/** What must hold in every simulation, whatever happens in it. */
export const invariants = {
  'sees what the tables say':
    'In a calm, every connected peer sees of every other one exactly what the rows say: its newest node that is there, lost, or nothing.',
  'tables hold what was said':
    'In a calm, the rows are what peers said last: the node and the tunnels of everyone who is connected, nothing of who has left.',
  'newest last': 'Of the nodes that a peer published over one connection, nobody sees an older one after a newer one.',
  'torn down for a reason': 'Nobody is told DISCONNECTED of a peer that has not left, while a tunnel to it is shared.',
  'lost for a reason':
    'Nobody is told LOST of a peer whose connection held and whose coordinator wrote heartbeats in time.',
  'lost last':
    'That a peer is lost is not written while tunnels of it are: a goodbye elsewhere would not find those that come later.',
  'only differences':
    'An update says something new: no node twice, no loss of who was lost, nothing about who was never seen; with the reason that fits.',
  'nothing invented': 'Every node seen was published by that peer; every acknowledgement was given.',
  'ended for a reason':
    'A connection is ended by what its own peer did, or when its coordinator closes or is unhealthy; what it is told is so.',
  'unhealthy for a reason':
    'A coordinator is unhealthy when three heartbeats in a row have failed, and has sent everybody away soon after.',
  'acknowledgements arrive':
    'In a calm, whoever shares a tunnel with a peer is told that it is ready for a handshake, and nobody else; it is told so.',
  'bounded work': 'Statements are few at a time, and no larger than allowed; their number is bounded by what happens.',
  'quiet when idle': 'When nothing happens, or the same is said again, nothing is written but heartbeats.',
  'heartbeats go on': 'A coordinator that can reach the database writes its heartbeats in time.',
  'agreed on who is live': 'In a calm, every coordinator is healthy, and knows all that are live and nobody else.',
  'nothing left':
    'A coordinator that was closed has no timer and no statement left, and no row that says of a peer that it is there; what peers said last is written. When all peers have left, nobody reads for them any more.',
  'no defect': 'Nothing throws, and nothing is logged as a defect.',
} as const;

export type InvariantName = keyof typeof invariants;

/** One time that an invariant did not hold. */
export interface Violation {
  readonly invariant: InvariantName;
  readonly what: string;
  /** Milliseconds since the beginning. */
  readonly at: number;
}
