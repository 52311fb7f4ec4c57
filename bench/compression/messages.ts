import type { Way } from './ways.js';

/** Connect so many clients, compress so, and send each of them this. */
export interface ToServer {
  readonly kind: 'connect';
  readonly way: Way;
  readonly connections: number;
  readonly message: string;
}

/** Resident memory of the process before and afterwards, in bytes. */
export interface FromServer {
  readonly kind: 'connected';
  readonly before: number;
  readonly after: number;
}
