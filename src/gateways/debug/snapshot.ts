import type { Overview } from '../../db/overview.js';
import type { Uuid } from '../../db/store.js';
import { eventText } from '../eventStream.js';
import { overviewChanges } from './overviewChanges.js';
import { plainTables } from './plainTables.js';

/** What all who look are shown at one moment. It is put into words once for all of them, and not before somebody asks. */
export class Snapshot {
  readonly overview: Overview;
  readonly #answeredBy: Uuid;
  /** What was read before, until the difference is known. */
  #before: Overview | undefined;
  #body: Uint8Array | undefined;
  #whole: string | undefined;
  #changes: string | undefined;
  #tables: string | undefined;

  /**
   * @param answeredBy the coordinator that shows it
   * @param before what was read just before, if anything was
   */
  constructor(overview: Overview, answeredBy: Uuid, before: Overview | undefined) {
    this.overview = overview;
    this.#answeredBy = answeredBy;
    this.#before = before;
  }

  get #json(): string {
    return JSON.stringify({ answeredBy: this.#answeredBy, ...this.overview });
  }

  /** All of it, as `/debug/tailnet.json` answers: in bytes, of which no answer has a copy. */
  get body(): Uint8Array {
    return (this.#body ??= Buffer.from(`${this.#json}\n`));
  }

  /** All of it, or as much as people read, as tables in HTML. */
  get tables(): string {
    return (this.#tables ??= plainTables(this.overview, this.#answeredBy));
  }

  /** All of it, as an event: one text, which everybody who is slow to read it holds on to. */
  get wholeEvent(): string {
    return (this.#whole ??= eventText('overview', this.#json));
  }

  /** What has changed since what was read before, as an event; all of it, if nothing was. */
  get changesEvent(): string {
    if (this.#before !== undefined) {
      this.#changes = eventText('changes', JSON.stringify(overviewChanges(this.#before, this.overview)));
      this.#before = undefined;
    }
    return this.#changes ?? this.wholeEvent;
  }
}
