import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What the generated code offers for each kind of message. */
interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

/** A function that encodes one kind of message. It keeps its buffer, which need not grow anew for each of them. */
export function createEncoder<Message>(kind: Encodable<Message>): (message: Message) => Uint8Array {
  let writer = new BinaryWriter();
  return (message) => {
    try {
      return kind.encode(message, writer).finish();
    } catch (error) {
      // It holds what came before the field that cannot be encoded.
      writer = new BinaryWriter();
      throw error;
    }
  };
}
