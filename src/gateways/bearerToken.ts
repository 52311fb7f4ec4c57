import { IdentityError } from '../auth/identity.js';

/**
 * The token in the values of a header, or of metadata, named `Authorization`; nothing if there is no value.
 *
 * @throws IdentityError status 401 `the header Authorization was given 2 times`, `the header Authorization must be
 *   "Bearer", a space and a token`
 */
export function bearerToken(values: readonly string[]): string | undefined {
  const [value] = values;
  if (value === undefined) return undefined;
  // With two, it would be open which one counts.
  if (values.length > 1)
    throw new IdentityError(`the header Authorization was given ${String(values.length)} times`, 401);
  const [, token] = /^Bearer +([^ ]+)$/i.exec(value) ?? [];
  if (token === undefined) {
    throw new IdentityError('the header Authorization must be "Bearer", a space and a token', 401);
  }
  return token;
}
