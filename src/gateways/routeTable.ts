/** What stands in a path where its pattern has `{name}`, by name, with `%2F` and its like decoded. */
export type PathParameters = Readonly<Record<string, string>>;

/** What belongs to a path. */
export interface Found<Route> {
  readonly route: Route;
  readonly parameters: PathParameters;
}

interface Pattern<Route> {
  readonly segments: readonly (string | { readonly name: string })[];
  readonly route: Route;
}

const noParameters: PathParameters = {};

/**
 * Finds what belongs to a path: `/healthz`, or a pattern such as `/api/v2/peers/{id}/watch`, whose parameters stand for a
 * segment each, which must not be empty. A path without parameters is one look-up, and comes before any pattern; patterns
 * are tried in the order in which they were given.
 *
 * @throws TypeError `a parameter is a whole segment of a path, such as {id}, and given once: …`
 */
export class RouteTable<Route> {
  readonly #exact = new Map<string, Route>();
  readonly #patterns: readonly Pattern<Route>[];

  constructor(routes: Readonly<Record<string, Route>>) {
    const patterns: Pattern<Route>[] = [];
    for (const [path, route] of Object.entries(routes)) {
      if (/[{}]/.test(path)) patterns.push({ segments: segmentsOf(path), route });
      else this.#exact.set(path, route);
    }
    this.#patterns = patterns;
  }

  find(path: string): Found<Route> | undefined {
    const route = this.#exact.get(path);
    if (route !== undefined) return { route, parameters: noParameters };
    if (this.#patterns.length === 0) return undefined;
    const given = path.split('/');
    for (const pattern of this.#patterns) {
      const parameters = match(pattern.segments, given);
      if (parameters) return { route: pattern.route, parameters };
    }
    return undefined;
  }
}

function segmentsOf(path: string): Pattern<never>['segments'] {
  const names = new Set<string>();
  return path.split('/').map((segment) => {
    if (!/[{}]/.test(segment)) return segment;
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
    if (name === undefined || names.has(name)) {
      throw new TypeError(`a parameter is a whole segment of a path, such as {id}, and given once: ${path}`);
    }
    names.add(name);
    return { name };
  });
}

function match(segments: Pattern<never>['segments'], given: readonly string[]): PathParameters | undefined {
  if (segments.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const text = given[index] ?? '';
    if (typeof segment === 'string') {
      if (segment !== text) return undefined;
      continue;
    }
    const value = decoded(text);
    if (value === undefined || value === '') return undefined;
    parameters[segment.name] = value;
  }
  return parameters;
}

/** Undefined for what is no encoding of anything, such as `%zz`. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
