import type { MethodDefinition } from '@grpc/grpc-js';
import { bufferOf } from '../proto/bufferOf.js';
import { createEncoder } from '../proto/createEncoder.js';
import type { MessageFns } from '../proto/gen/tailnet.js';

/** A method as the generated code describes it, whatever it is carried by. */
interface GenericMethod<Request, Response> {
  readonly name: string;
  readonly requestType: Pick<MessageFns<Request>, 'encode' | 'decode'>;
  readonly requestStream: boolean;
  readonly responseType: Pick<MessageFns<Response>, 'encode' | 'decode'>;
  readonly responseStream: boolean;
}

/** The same method as grpc-js wants it: with its path, and with what writes and reads its messages. */
export function grpcMethod<Request, Response>(
  { fullName }: { readonly fullName: string },
  { name, requestType, requestStream, responseType, responseStream }: GenericMethod<Request, Response>,
): MethodDefinition<Request, Response> {
  const encodeRequest = createEncoder(requestType);
  const encodeResponse = createEncoder(responseType);
  return {
    path: `/${fullName}/${name}`,
    requestStream,
    requestSerialize: (request) => bufferOf(encodeRequest(request)),
    requestDeserialize: (bytes) => requestType.decode(bytes),
    responseStream,
    responseSerialize: (response) => bufferOf(encodeResponse(response)),
    responseDeserialize: (bytes) => responseType.decode(bytes),
  };
}
