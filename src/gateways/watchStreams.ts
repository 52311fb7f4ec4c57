import { constants } from 'node:http2';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';

/** Bytes of metadata of one call, as HTTP/2 counts them: a token, at most 8192 characters, and room for as much again. */
export const maxMetadataSize = 16_384;

/** What HTTP/2 counts of each entry beside its name and its value. */
const entrySize = 32;

/**
 * Shows every stream of a server to somebody, before the gRPC library sees it, whatever is asked for over it; and bounds
 * what comes with it.
 */
export function watchStreams(server: Http2Server, opened: (stream: ServerHttp2Stream) => void): void {
  server.updateSettings({ maxHeaderListSize: maxMetadataSize });
  server.prependListener('stream', (...given: unknown[]) => {
    const [stream, headers, , rawHeaders] = given as StreamEvent;
    restoreRepeated(headers, rawHeaders);
    opened(stream);
  });
  // After the library, which would answer over a stream that is closed.
  server.on('stream', (...given: unknown[]) => {
    const [stream, , , rawHeaders] = given as StreamEvent;
    // Who was told how much may come, and does not confirm it, is not held to it by Node.
    if (sizeOf(rawHeaders) > maxMetadataSize) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
}

type StreamEvent = [
  stream: ServerHttp2Stream,
  headers: Record<string, unknown>,
  flags: number,
  /** Names and values in turn. */
  rawHeaders: readonly string[],
];

/** Node keeps the first of several values, so that nobody could notice that there was another. */
function restoreRepeated(headers: Record<string, unknown>, rawHeaders: readonly string[]): void {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1] === 'authorization');
  if (values.length > 1) headers['authorization'] = values;
}

function sizeOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((size, text) => size + text.length + entrySize / 2, 0);
}
