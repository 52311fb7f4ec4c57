/** A line on the terminal that says how far it is; nothing where stderr is none. */
export interface Progress {
  readonly say: (text: string) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** What a terminal is to it. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

export const createProgress = (name: string, out: Terminal = process.stderr): Progress => {
  let isShown = false;
  return {
    say: (text) => {
      if (!out.isTTY) return;
      isShown = true;
      out.write(`\r\x1b[K${name}: ${text}`);
    },
    end: () => {
      if (isShown) out.write('\r\x1b[K');
      isShown = false;
    },
  };
};
