import { StrictReader } from './strictReader.js';

/** What it reads as bytes is a copy, since a view would hold on to all that was read with it. */
export class CopyingReader extends StrictReader {
  override bytes(): Uint8Array {
    return new Uint8Array(super.bytes());
  }

  override skip(...field: Parameters<StrictReader['skip']>): Uint8Array {
    return new Uint8Array(super.skip(...field));
  }
}
