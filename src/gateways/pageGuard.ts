import type { IncomingHttpHeaders } from 'node:http';
import { hostPolicy, originPolicy } from './originPolicy.js';
import type { Refusal } from './refusal.js';
import { wrongHost, wrongOrigin } from './wrongOrigin.js';

/**
 * Why a GET with these headers may not be answered, as far as the page matters that may have sent it; nothing if it may.
 *
 * @param origins whose pages may ask, as for {@link originPolicy}
 * @param isProven whether all who ask prove who they are: what proves it is no strange page's to have, whatever the host
 * @throws TypeError `not an origin: "example.com"; …`
 */
export function pageGuard(
  origins: readonly string[],
  isProven: boolean,
): (headers: IncomingHttpHeaders) => Refusal | undefined {
  const mayComeFrom = originPolicy(origins);
  const mayBeAskedAs = hostPolicy(origins);
  return (headers) => {
    if (!mayComeFrom(headers)) return wrongOrigin(headers);
    return isProven || headers.origin !== undefined || mayBeAskedAs(headers) ? undefined : wrongHost(headers);
  };
}
