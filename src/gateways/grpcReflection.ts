import { Duplex } from 'node:stream';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { descriptors } from '../proto/gen/descriptors.js';
import { beforeCalls } from './beforeCalls.js';
import type { AnyCall } from './beforeCalls.js';
import type { GrpcPackages } from './loadGrpc.js';

/** Lets clients ask a server what it speaks: `grpc.reflection.v1.ServerReflection`, and `v1alpha` for older ones. */
export function addReflection(
  server: Pick<Server, 'addService'>,
  { ReflectionService }: GrpcPackages['reflection'],
): void {
  const { file: files } = fromBinary(FileDescriptorSetSchema, base64Decode(descriptors));
  const fileDescriptorProtos = files.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  // Only the files are looked at.
  const everything = { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ everything }).addToServer({
    addService: (service, implementation) => {
      server.addService(service, beforeCalls(implementation, keepInStep));
    },
  });
}

/** The package answers whether its answers are read or not. So who does not read is not asked for more questions. */
function keepInStep(call: AnyCall): true {
  if (!(call instanceof Duplex)) return true;
  call.on('data', () => {
    if (!call.writableNeedDrain) return;
    call.pause();
    call.once('drain', () => call.resume());
  });
  return true;
}
