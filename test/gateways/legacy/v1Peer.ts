import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { ReplaySubject, filter, firstValueFrom, lastValueFrom, map } from 'rxjs';
import type { Observable, Subscription } from 'rxjs';
import type { GatewayEvent } from '../../../src/gateways/index.js';

/** A node as V1 has it, as far as tests look at it. */
export interface V1NodeJson {
  readonly id: number;
  readonly key: string;
  readonly preferred_derp: number;
}

const zeros = '0'.repeat(64);

/** What an agent of V1 sends: with all the names, as Go writes them. */
export const v1Node = (derp: number, more: object = {}): string =>
  JSON.stringify({
    ...{ id: 5, as_of: '2024-03-04T05:06:07.123456789+01:00', key: `nodekey:${zeros}`, disco: `discokey:${zeros}` },
    ...{ preferred_derp: derp, derp_latency: null, derp_forced_websockets: null },
    ...{ addresses: null, allowed_ips: null, endpoints: ['192.0.2.1:1'] },
    ...more,
  });

type EventOf<Kind extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: Kind }>;

/** One peer that speaks V1 at one end of a stream, what the gateway at the other end says, and its events. */
export class V1Peer {
  /** This peer's end. */
  readonly stream: Duplex;
  readonly events: GatewayEvent[] = [];
  readonly subscription: Subscription;
  /** Resolves when the gateway has ended the stream; for who reads. */
  readonly ended: Promise<void>;
  readonly #event$ = new ReplaySubject<GatewayEvent>();
  readonly #text$ = new ReplaySubject<void>(1);
  #text = '';
  #isReading = false;

  /** @param serve what serves the other end */
  constructor(
    serve: (stream: Duplex) => Observable<GatewayEvent>,
    [mine, theirs]: readonly [Duplex, Duplex] = duplexPair(),
  ) {
    this.stream = mine;
    mine.on('error', () => undefined);
    this.ended = new Promise((resolve) => void mine.once('end', resolve));
    this.subscription = serve(theirs).subscribe(this.#event$);
    this.#event$.subscribe({ next: (event) => this.events.push(event), error: () => undefined });
  }

  send(text: string | Buffer): void {
    this.stream.write(text);
  }

  /** The next array of nodes. It reads from when this is called for the first time. */
  async next(): Promise<readonly V1NodeJson[]> {
    if (this.#isReading) this.#text$.next();
    else this.#read();
    const array = await firstValueFrom(
      this.#text$.pipe(
        map(() => endOfArray(this.#text)),
        filter((end) => end > 0),
        map((end) => {
          const taken = this.#text.slice(0, end);
          this.#text = this.#text.slice(end);
          return taken;
        }),
      ),
    );
    return JSON.parse(array) as readonly V1NodeJson[];
  }

  /** The relay regions of the next array. */
  async derps(): Promise<readonly number[]> {
    return (await this.next()).map(({ preferred_derp: derp }) => derp);
  }

  event<Kind extends GatewayEvent['kind']>(kind: Kind): Promise<EventOf<Kind>> {
    return firstValueFrom(this.#event$.pipe(filter((event): event is EventOf<Kind> => event.kind === kind)));
  }

  /** Resolves when the gateway has completed. */
  async completed(): Promise<void> {
    await lastValueFrom(this.#event$);
  }

  #read(): void {
    this.#isReading = true;
    this.stream.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#text$.next();
    });
  }
}

/** Where the array ends with which a text begins; 0 if it does not yet. No text of these tests has brackets in strings. */
function endOfArray(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '[') depth++;
    if (character === ']' && --depth === 0) return index + 1;
  }
  return 0;
}
