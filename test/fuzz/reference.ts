import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptors } from '../../src/proto/index.js';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(descriptors)));

const schemaOf = (name: string): DescMessage => {
  const schema = registry.getMessage(`coder.tailnet.v2.${name}`);
  if (!schema) throw new Error(`there is no message ${name}`);
  return schema;
};

/** A decoder that shares no code with the generated one but the reading of single values: it goes by the descriptors. */
export const reference = (name: 'CoordinateRequest' | 'Node') => {
  const schema = schemaOf(name);
  return {
    /** The message, written again. Throws when it is none. */
    rewritten: (bytes: Uint8Array): Uint8Array => toBinary(schema, fromBinary(schema, bytes)),
    empty: () => create(schema),
  };
};
