import { randomUUID } from 'node:crypto';
import type { Node } from 'tailnet-coordinator';
import { type NodeShape, nodeComposer } from '../peers/nodeComposer.js';

/** A hundred peers to work on, whose nodes have nothing in common: one node over and over would all be in the caches. */
export interface Specimens {
  readonly ids: readonly string[];
  /** The nodes of all of them, made anew; versions differ as one update does from the one before. */
  readonly nodes: (version: number) => readonly Node[];
}

/** How many there are. */
export const specimenCount = 100;

/** @param shape Default: as in all of the benchmark. */
export const createSpecimens = (shape?: NodeShape): Specimens => {
  const ids = Array.from({ length: specimenCount }, () => randomUUID());
  const composers = ids.map(() => nodeComposer(shape));
  return { ids, nodes: (version) => composers.map((compose, peer) => compose(peer, version)) };
};
