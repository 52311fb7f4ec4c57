import { Subscription, type SchedulerLike } from 'rxjs';

/** What is on its way. */
interface Letter {
  readonly due: number;
  readonly arrive: () => void;
}

/** On which things that one sender said, or that are on one channel, arrive in their order, however long each needs. */
export interface BusLine {
  /**
   * Has something arrive after so many milliseconds at the earliest; with none, and nothing before it, at once. Does not
   * when it is unsubscribed from.
   */
  send(
    from: { readonly channel: string; readonly sender: number | undefined },
    latency: number,
    arrive: () => void,
  ): Subscription;
}

export const createBusLine = (scheduler: SchedulerLike): BusLine => {
  /** In the order in which they arrive. */
  const underWay: Letter[] = [];
  /** When the last of a channel, or of a sender, is due. */
  const last = new Map<string | number, number>();
  let arrival = Subscription.EMPTY;

  const awaitFirst = (): void => {
    arrival.unsubscribe();
    const [first] = underWay;
    arrival = first === undefined ? Subscription.EMPTY : scheduler.schedule(deliver, first.due - scheduler.now());
  };

  const deliver = (): void => {
    const letter = underWay.shift();
    awaitFirst();
    letter?.arrive();
  };

  const post = (letter: Letter): void => {
    const after = underWay.findLastIndex(({ due }) => due <= letter.due);
    underWay.splice(after + 1, 0, letter);
    if (after < 0) awaitFirst();
  };

  return {
    send: ({ channel, sender }, latency, arrive) => {
      const now = scheduler.now();
      const keys = sender === undefined ? [channel] : [channel, sender];
      const due = Math.max(now + latency, ...keys.map((key) => last.get(key) ?? 0));
      for (const key of keys) last.set(key, due);
      if (due <= now && underWay.length === 0) {
        arrive();
        return Subscription.EMPTY;
      }
      const letter = { due, arrive };
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
