/** Whether one name may have been meant by the other: they differ by one slip, or begin alike and differ little. */
export function isLike(one: string, other: string): boolean {
  const [a, b] = [bare(one), bare(other)];
  return isSlip(one, other) || (Math.abs(a.length - b.length) < 3 && a.slice(0, 6) === b.slice(0, 6));
}

/** Whether two names, neither of them very short, differ by one slip, or only in how words are divided. */
export function isSlip(one: string, other: string): boolean {
  const [a, b] = [bare(one), bare(other)];
  return Math.min(a.length, b.length) > 2 && isOneSlip(a, b);
}

function bare(name: string): string {
  return name.replaceAll(/[^a-z0-9]/gi, '').toLowerCase();
}

/** Whether there is a character too many in one of them, or another one, or two are swapped; or nothing at all. */
function isOneSlip(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [restOfA, restOfB] = [a.slice(at), b.slice(at)];
  return (
    restOfA.slice(1) === restOfB.slice(1) ||
    restOfA.slice(1) === restOfB ||
    restOfA === restOfB.slice(1) ||
    restOfA === `${restOfB.charAt(1)}${restOfB.charAt(0)}${restOfB.slice(2)}`
  );
}
