/** Names and values of HTTP/2, none of them compressed, as one frame HEADERS of this stream. */
const headersFrame = (stream: number, headers: readonly (readonly [string, string])[]): Buffer => {
  const lengthOf = (text: string): number[] => {
    if (text.length < 127) return [text.length];
    const bytes = [127];
    let rest = text.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return [...bytes, rest];
  };
  const block = Buffer.concat(
    headers.flatMap(([name, value]) =>
      [[0x10], lengthOf(name), [...Buffer.from(name)], lengthOf(value), [...Buffer.from(value)]].map((bytes) =>
        Buffer.from(bytes),
      ),
    ),
  );
  return Buffer.concat([frameHead(block.length, 1, 4, stream), block]);
};

export const frameHead = (length: number, type: number, flags: number, stream: number): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return head;
};

/** The first bytes of who speaks HTTP/2, and an empty frame SETTINGS. */
export const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameHead(0, 4, 0, 0)]);

const callHeaders: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'x'],
  [':path', '/coder.tailnet.v2.Tailnet/Coordinate'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

/** A call of `Coordinate` with this metadata, as the stream of this number. A name may come several times. */
export const callFrame = (stream: number, ...metadata: readonly (readonly [string, string])[]): Buffer =>
  headersFrame(stream, [...callHeaders, ...metadata]);
