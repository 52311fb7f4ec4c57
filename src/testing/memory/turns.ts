/** Runs a task now, or, when another task is running, as soon as all that were handed in before it have ended. */
export type Turns = (task: () => void) => void;

/**
 * Keeps deliveries in order. A listener that writes while it hears something causes further deliveries; without turns
 * these would reach some listeners before the message that caused them.
 */
export const takingTurns = (): Turns => {
  let waiting: (() => void)[] = [];
  let running = false;

  return (task) => {
    waiting.push(task);
    if (running) return;
    running = true;
    try {
      while (waiting.length > 0) {
        const round = waiting;
        waiting = [];
        for (const next of round) next();
      }
    } finally {
      running = false;
    }
  };
};
