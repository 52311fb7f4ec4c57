import { Metadata } from '@grpc/grpc-js';
import { NEVER, Observable } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { tailnetService } from '../../src/gateways/index.js';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { grpcClient } from './peerCall.js';

/** A client of the gRPC gateway, as the contract of gateways wants it. */
export const grpcCoordinator = (
  url: string,
  requestSerialize: (request: CoordinateRequest) => Buffer = tailnetService.coordinate.requestSerialize,
): Pick<Coordinator, 'coordinate$'> => ({
  coordinate$: (peerId, requests$ = NEVER, { ready$ = NEVER } = {}) =>
    new Observable<CoordinateResponse>((subscriber) => {
      const client = grpcClient(url);
      const metadata = new Metadata();
      metadata.set('x-peer-id', peerId);
      const { path, responseDeserialize } = tailnetService.coordinate;
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
      call.on('data', (response: CoordinateResponse) => {
        subscriber.next(response);
      });
      // "status" says it, too.
      call.on('error', () => undefined);
      call.on('status', () => {
        subscriber.complete();
      });
      subscriber.add(
        requests$.subscribe({
          next: (request) => {
            call.write(request);
          },
          complete: () => {
            call.end();
          },
        }),
      );
      subscriber.add(ready$.subscribe((isReady) => (isReady ? call.resume() : call.pause())));
      return () => {
        call.cancel();
        client.close();
      };
    }),
});
