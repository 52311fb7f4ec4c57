/**
 * The number at a path such as `c_client_update.cost.statements` in the metrics of a result; undefined if there is none,
 * as where a server does not count statements.
 */
export const figureOf = (metrics: unknown, path: string): number | undefined => {
  let value = metrics;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return typeof value === 'number' ? value : undefined;
};
