import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import { shuttingDown } from './attendance.js';
import { statusOfRefusal } from './grpcStatus.js';
import type { CoordinateCall } from './grpcWire.js';
import { tailnetService } from './tailnetService.js';

/** A server on which a service can be put and from which it can be taken again: one of grpc-js. */
export type GrpcServer = Pick<Server, 'addService' | 'removeService'>;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** The service with messages as bytes: a gateway reads them itself, and says what is wrong with those that it cannot read. */
const definition = {
  coordinate: { ...tailnetService.coordinate, requestDeserialize: asItIs, responseSerialize: asItIs },
};

/** The servers on which there is nothing but the refusals of a gateway that was drained. */
const drained = new WeakSet<GrpcServer>();

/** The calls of `Coordinate`, for as long as this is subscribed to. */
export function coordinateCall$(server: GrpcServer): Observable<CoordinateCall> {
  return new Observable<CoordinateCall>((subscriber) => {
    if (drained.delete(server)) server.removeService(definition);
    addTo(server, (call) => {
      subscriber.next(call);
    });
    return () => {
      server.removeService(definition);
    };
  });
}

/**
 * From now on refuses all calls, with UNAVAILABLE: a client that is told UNIMPLEMENTED does not look elsewhere. That goes on
 * for as long as the server does, or until somebody else takes its calls.
 */
export function refuseCalls(server: GrpcServer, refused: (call: CoordinateCall) => void): void {
  drained.add(server);
  addTo(server, (call) => {
    call.emit('error', statusOfRefusal(shuttingDown));
    refused(call);
  });
}

function addTo(server: GrpcServer, coordinate: (call: CoordinateCall) => void): void {
  const implementation: UntypedServiceImplementation = { coordinate };
  server.addService(definition, implementation);
}
