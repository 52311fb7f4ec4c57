/** Takes out of a set, which is in the order in which things came, what is too much: the oldest first. */
export const forgetOldest = <T>(set: Set<T>, most: number): void => {
  for (const oldest of set) {
    if (set.size <= most) return;
    set.delete(oldest);
  }
};
