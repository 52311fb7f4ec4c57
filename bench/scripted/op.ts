/** What a scripted coordinator can be told to do. */
export type Op =
  | { readonly op: 'connect' | 'close' | 'drop'; readonly id: string }
  | { readonly op: 'update'; readonly id: string; readonly node: Readonly<Record<string, unknown>> }
  | { readonly op: 'tunnel' | 'untunnel' | 'rfh'; readonly id: string; readonly dst: string }
  | { readonly op: 'quit' };

/**
 * Reads a line of the script.
 *
 * @throws TypeError that says what is wrong with it
 */
export const parseOp = (line: string): Op => {
  const fields = parseObject(line);
  const uuid = (name: string): string => {
    const value = fields[name];
    // Whether it is a UUID, the coordinator says; it knows them in lower case.
    if (typeof value !== 'string') throw new TypeError(`"${name}" must be a UUID`);
    return value.toLowerCase();
  };
  const { op } = fields;
  switch (op) {
    case 'quit':
      return { op };
    case 'connect':
    case 'close':
    case 'drop':
      return { op, id: uuid('id') };
    case 'tunnel':
    case 'untunnel':
    case 'rfh':
      return { op, id: uuid('id'), dst: uuid('dst') };
    case 'update':
      if (!isObject(fields['node'])) throw new TypeError('"node" must be an object');
      return { op, id: uuid('id'), node: fields['node'] };
    default:
      throw new TypeError(`there is no op ${JSON.stringify(op ?? null)}`);
  }
};

const parseObject = (line: string): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw new TypeError('not a JSON object');
  return value;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
