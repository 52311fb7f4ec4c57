/** Where a command says what it has to say; each text ends with its own line break. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

// Whoever read what we say has gone, as `head` does when it has seen enough: nobody is left to say anything to.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** Standard output and standard error. */
export const standardOutput: Output = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};
