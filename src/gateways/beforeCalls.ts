import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';

/** What is common to calls of all kinds. */
export type AnyCall = EventEmitter & { getPeer(): string };

/** The same service, of which each call is shown to somebody before it is handled, who says whether it is to be. */
export function beforeCalls(
  implementation: UntypedServiceImplementation,
  look: (call: AnyCall) => boolean,
): UntypedServiceImplementation {
  const methods = Object.entries(implementation).map(([name, handle]) => [
    name,
    (call: AnyCall, ...rest: unknown[]): void => {
      if (look(call)) Reflect.apply(handle, implementation, [call, ...rest]);
    },
  ]);
  return Object.fromEntries(methods) as UntypedServiceImplementation;
}
