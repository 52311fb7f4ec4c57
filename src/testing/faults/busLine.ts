import { Subscription, type SchedulerLike } from 'rxjs';

/** Whose order is kept: that of a channel, and that of a sender on whatever channels. */
export interface Sending {
  readonly channel: string;
  readonly sender: number | undefined;
}

/** What is on its way. */
interface Letter extends Sending {
  readonly due: number;
  readonly arrive: () => void;
}

/** On which things that one sender said, or that are on one channel, arrive in their order, however long each needs. */
export interface BusLine {
  /**
   * Has something arrive after so many milliseconds at the earliest; with none, and nothing before it, at once. Does not
   * when it is unsubscribed from.
   */
  send(sending: Sending, latency: number, arrive: () => void): Subscription;
}

export const createBusLine = (scheduler: SchedulerLike): BusLine => {
  /** In the order in which they arrive. */
  const underWay: Letter[] = [];
  let arrival = Subscription.EMPTY;

  const awaitFirst = (): void => {
    arrival.unsubscribe();
    const [first] = underWay;
    arrival = first === undefined ? Subscription.EMPTY : scheduler.schedule(deliver, first.due - scheduler.now());
  };

  /** All that is due now: a timer for each would take a millisecond for each, at least. What comes meanwhile is not. */
  const deliver = (): void => {
    const now = scheduler.now();
    let letter = underWay.shift();
    try {
      while (letter !== undefined) {
        letter.arrive();
        const [next] = underWay;
        letter = next !== undefined && next.due <= now ? underWay.shift() : undefined;
      }
    } finally {
      awaitFirst();
    }
  };

  const post = (letter: Letter): void => {
    const before = underWay.findLastIndex(({ due }) => due <= letter.due);
    underWay.splice(before + 1, 0, letter);
    if (before < 0) awaitFirst();
  };

  return {
    send: ({ channel, sender }, latency, arrive) => {
      const now = scheduler.now();
      const last = underWay.findLast(
        (letter) => letter.channel === channel || (sender !== undefined && letter.sender === sender),
      );
      const due = Math.max(now + latency, last?.due ?? now);
      if (due <= now && !underWay.some((letter) => letter.due <= now)) {
        arrive();
        return Subscription.EMPTY;
      }
      const letter = { channel, sender, due, arrive };
      post(letter);
      return new Subscription(() => {
        const index = underWay.indexOf(letter);
        if (index < 0) return;
        underWay.splice(index, 1);
        if (index === 0) awaitFirst();
      });
    },
  };
};
