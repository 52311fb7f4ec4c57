import { CoordinateRequest } from './gen/tailnet.js';
import { StrictReader } from './strictReader.js';
import { RequestError, maxReadyForHandshake, tooManyEntries } from './validate.js';

/** Fields besides `ready_for_handshake`. Those that are known are there once each; the others are of versions to come. */
const maxFields = 1024;

const updateSelf = 10;
const readyForHandshake = 42;
/** Those of a request; `node` in `update_self` has the number of the first one. */
const known: ReadonlySet<number> = new Set([updateSelf, 18, 26, 34, readyForHandshake]);

/**
 * Reads a request in protobuf, as `CoordinateRequest.decode` does, for messages of strangers: one that repeats its parts
 * without end, each of which takes two bytes, and is an object once it is read, is refused before anything is made of it.
 *
 * The request holds views of the bytes.
 *
 * @throws RequestError `ready_for_handshake has more than 1024 entries: send several requests`
 * @throws RangeError `more than 1024 fields in one message`; and whatever `CoordinateRequest.decode` throws
 */
export function requestFromBytes(bytes: Uint8Array): CoordinateRequest {
  const reader = new StrictReader(bytes);
  let [fields, entries] = [0, 0];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === readyForHandshake) entries++;
    else fields++;
    if (entries > maxReadyForHandshake) throw new RequestError(tooManyEntries);
    checkFields(fields);
    if (tag === updateSelf) checkUpdate(reader.bytes());
    else skip(reader, tag);
  }
  return CoordinateRequest.decode(bytes);
}

/** In `update_self` there is one node, unless somebody wants us to read many. */
function checkUpdate(bytes: Uint8Array): void {
  const reader = new StrictReader(bytes);
  for (let fields = 1; reader.pos < reader.len; fields++) {
    checkFields(fields);
    skip(reader, reader.uint32());
  }
}

function checkFields(fields: number): void {
  if (fields > maxFields) throw new RangeError(`more than ${String(maxFields)} fields in one message`);
}

/** As decoding does it, which is stricter with unknown fields than with known ones. */
function skip(reader: StrictReader, tag: number): void {
  if (known.has(tag)) reader.bytes();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the last three bits of a tag are its wire type
  else reader.skip(tag & 7);
}
