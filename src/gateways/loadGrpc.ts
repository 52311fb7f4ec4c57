import type * as Grpc from '@grpc/grpc-js';
import type * as Reflection from '@grpc/reflection';
import { defer } from 'rxjs';
import type { Observable } from 'rxjs';

/** The packages that only a gRPC server needs. */
export interface GrpcPackages {
  readonly grpc: Pick<typeof Grpc, 'Server' | 'ServerCredentials'>;
  readonly reflection: typeof Reflection;
}

/** Loads them, which takes a good part of a second the first time: so nobody who does without them has to wait. */
export function loadGrpc(): Observable<GrpcPackages> {
  return defer(async () => {
    const [grpc, reflection] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/reflection')]);
    return { grpc, reflection };
  });
}
