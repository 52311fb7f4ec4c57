import { get, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { ReplaySubject, Subject, Subscription, filter, finalize, firstValueFrom, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import type { WatchUpdate } from '../../src/api.js';
import { httpServer$, watchRoutes } from '../../src/gateways/index.js';
import type { GatewayEvent, HttpServerOptions, ListeningHttpServer, WatchOptions } from '../../src/gateways/index.js';

/** One watch, as the coordinator sees it. */
export class FakeWatch {
  readonly peerId: string;
  readonly updates$ = new Subject<WatchUpdate>();
  readonly #ended$ = new ReplaySubject<true>(1);

  constructor(peerId: string) {
    this.peerId = peerId;
  }

  /** Resolves when nobody listens any more. */
  ended(): Promise<true> {
    return firstValueFrom(this.#ended$);
  }

  connect(): Observable<WatchUpdate> {
    return this.updates$.pipe(finalize(() => this.#ended$.next(true)));
  }
}

/** An answer whose text is read as it comes. */
export class TextAnswer {
  readonly response: IncomingMessage;
  readonly #text$ = new ReplaySubject<string>(1);
  text = '';

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (piece: string) => {
      this.text += piece;
      this.#text$.next(this.text);
    });
    response.on('end', () => this.#text$.complete());
    response.on('error', (error) => this.#text$.error(error));
  }

  /** Resolves when this has come. */
  async until(part: string): Promise<void> {
    await firstValueFrom(this.#text$.pipe(filter((text) => text.includes(part))));
  }

  /** All of it. */
  async complete(): Promise<string> {
    await new Promise((resolve, reject) =>
      this.#text$.subscribe({ complete: () => resolve(undefined), error: reject }),
    );
    return this.text;
  }
}

/** What a test about watching needs: a coordinator that says what the test says, and its server. All is gone after the test. */
export class WatchFixture {
  readonly events: GatewayEvent[] = [];
  readonly errors: unknown[] = [];
  readonly watches: FakeWatch[] = [];
  readonly #watch$ = new ReplaySubject<FakeWatch>();
  #listening$ = new ReplaySubject<ListeningHttpServer>(1);
  readonly #subscriptions = new Subscription();
  readonly #responses: IncomingMessage[] = [];

  readonly coordinator = {
    watch$: (peerId: string): Observable<WatchUpdate> => {
      const watch = new FakeWatch(peerId);
      this.watches.push(watch);
      this.#watch$.next(watch);
      return watch.connect();
    },
  };

  /** Serves, and returns the URL of the server. */
  async serve(
    options: WatchOptions = {},
    drain$?: Observable<unknown>,
    more: Partial<HttpServerOptions> = {},
  ): Promise<string> {
    this.#listening$ = new ReplaySubject<ListeningHttpServer>(1);
    const routes = watchRoutes(this.coordinator, { onEvent: (event) => this.events.push(event), ...options });
    const onError = (error: unknown) => this.errors.push(error);
    this.#subscriptions.add(
      httpServer$({ port: 0, routes, onError, ...(drain$ && { drain$ }), ...more }).subscribe(this.#listening$),
    );
    return (await firstValueFrom(this.#listening$)).url;
  }

  /** Resolves when the server has stopped, with all its connections. */
  async stopped(): Promise<void> {
    await lastValueFrom(this.#listening$);
  }

  /** The first watch there is, past or future. */
  watch(): Promise<FakeWatch> {
    return firstValueFrom(this.#watch$);
  }

  /** Asks, and reads nothing of what comes after the headers. */
  async ask(url: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking =
        options.method === undefined ? get(url, options, resolve) : httpRequest(url, options, resolve).end();
      asking.on('error', reject);
    });
    this.#responses.push(response);
    response.on('error', () => undefined);
    return response;
  }

  /** Asks, and reads. */
  async read(url: string, options: RequestOptions = {}): Promise<TextAnswer> {
    return new TextAnswer(await this.ask(url, options));
  }

  /** Asks for something short. */
  async answer(url: string, options: RequestOptions = {}): Promise<{ status: number | undefined; text: string }> {
    const answer = await this.read(url, options);
    return { status: answer.response.statusCode, text: await answer.complete() };
  }

  end(): void {
    for (const response of this.#responses) response.destroy();
    this.#subscriptions.unsubscribe();
  }
}
