/** Something that takes strangers' bytes. */
export interface Target {
  /** Of its part of the corpus, too: `corpus/NAME.txt`. */
  readonly name: string;
  /** Inputs to begin with, most of them as they should be. */
  readonly seeds: readonly Buffer[];
  /** Gives it an input. Throws, or rejects, when what comes of it is not right. */
  readonly check: (input: Buffer) => Promise<void> | void;
}
