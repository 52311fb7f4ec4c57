import { expect } from 'chai';
import { defer, map, NEVER, of, Subject, throwError, timer, VirtualTimeScheduler } from 'rxjs';
import type { Observable } from 'rxjs';
import { KeyCache, type KeyCacheOptions, type KeysEvent } from '../../../src/auth/jwt/keyCache.js';
import type { TokenHeader } from '../../../src/auth/jwt/tokenHeader.js';
import { publicKeys, type VerificationKey } from '../../../src/auth/jwt/verificationKey.js';
import { jwkOf, keyPairs } from './mint.js';

const keysNamed = (...ids: readonly string[]): readonly VerificationKey[] =>
  publicKeys(JSON.stringify({ keys: ids.map((kid) => jwkOf(keyPairs.ed.publicKey, { kid })) }));

const header = (keyId?: string): TokenHeader => ({ algorithm: 'EdDSA', ...(keyId !== undefined && { keyId }) });

const failure = (text = 'away') => throwError(() => new Error(text));

/** A cache in virtual time: what it loads is what `source$` is at that moment. */
class Scene {
  readonly scheduler = new VirtualTimeScheduler();
  readonly events: KeysEvent[] = [];
  loads = 0;
  source$: Observable<readonly VerificationKey[]> = of(keysNamed('a'));
  readonly cache: KeyCache;

  constructor(options: Partial<KeyCacheOptions> = {}) {
    this.cache = new KeyCache({
      algorithms: ['EdDSA'],
      load$: defer(() => {
        this.loads++;
        return this.source$;
      }),
      ...{ maxAge: 600, cooldown: 30, retryAfter: 5 },
      scheduler: this.scheduler,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** What somebody is told who asks now: names of keys, `failed`, or nothing yet. */
  ask(keyId?: string): string[] {
    const told: string[] = [];
    this.cache.candidates$(header(keyId)).subscribe({
      next: (keys) => told.push(keys.map(({ id }) => id).join()),
      error: (error: unknown) => told.push(`failed: ${error instanceof Error ? error.message : String(error)}`),
    });
    return told;
  }

  pass(time: number): void {
    this.scheduler.frame += time;
  }
}

describe('KeyCache', () => {
  it('reads nothing before somebody asks, and then once', () => {
    const scene = new Scene();
    expect(scene.loads).to.equal(0);
    expect([scene.ask('a'), scene.ask('a'), scene.ask()]).to.deep.equal([['a'], ['a'], ['a']]);
    expect(scene.loads).to.equal(1);
  });

  it('reads once for all who wait', () => {
    const scene = new Scene();
    const source$ = new Subject<readonly VerificationKey[]>();
    scene.source$ = source$;
    const told = [scene.ask('a'), scene.ask('b')];
    expect(told).to.deep.equal([[], []]);
    source$.next(keysNamed('a', 'b'));
    source$.complete();
    expect(told).to.deep.equal([['a'], ['b']]);
    expect(scene.loads).to.equal(1);
  });

  it('reads again what is too old, before it is used', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.source$ = of(keysNamed('b'));
    scene.pass(599);
    expect(scene.ask('a')).to.deep.equal(['a']);
    scene.pass(1);
    expect(scene.ask('a')).to.deep.equal(['']);
    expect(scene.ask('b')).to.deep.equal(['b']);
  });

  it('looks for a key that it does not know, and no more often than it may', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.source$ = of(keysNamed('a', 'b'));
    scene.pass(29);
    expect(scene.ask('b')).to.deep.equal(['']);
    expect(scene.loads).to.equal(1);
    scene.pass(1);
    expect(scene.ask('b')).to.deep.equal(['b']);
    for (let time = 0; time < 30; time++) {
      scene.ask(`unknown ${time}`);
      scene.pass(1);
    }
    expect(scene.loads).to.equal(2);
    scene.ask('unknown');
    expect(scene.loads).to.equal(3);
  });

  it('reads nothing for a token that no such key can have signed', () => {
    const scene = new Scene();
    const told: unknown[] = [];
    scene.cache.candidates$({ algorithm: 'HS256' }).subscribe((keys) => told.push(keys));
    expect(told).to.deep.equal([[]]);
    expect(scene.loads).to.equal(0);
  });

  it('lets those with a known key pass while somebody waits for an unknown one', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.pass(30);
    scene.source$ = NEVER;
    const unknown = scene.ask('b');
    expect(scene.ask('a')).to.deep.equal(['a']);
    expect(unknown).to.deep.equal([]);
    expect(scene.loads).to.equal(2);
  });

  it('fails as long as there are no keys, and asks again a little later', () => {
    const scene = new Scene();
    scene.source$ = failure();
    expect(scene.ask('a')).to.deep.equal(['failed: away']);
    scene.source$ = of(keysNamed('a'));
    scene.pass(4);
    expect(scene.ask('a')).to.deep.equal(['failed: away']);
    expect(scene.loads).to.equal(1);
    scene.pass(1);
    expect(scene.ask('a')).to.deep.equal(['a']);
  });

  it('goes on with the keys that it has when they cannot be read again, for as long as it takes', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.source$ = failure();
    for (let time = 0; time < 10; time++) {
      scene.pass(600);
      expect(scene.ask('a')).to.deep.equal(['a']);
    }
    expect(scene.loads).to.equal(11);
    scene.source$ = of(keysNamed('b'));
    scene.pass(5);
    // Nobody waits for what may fail once more: it counts for the next one.
    expect(scene.ask('a')).to.deep.equal(['a']);
    expect(scene.ask('a')).to.deep.equal(['']);
  });

  it('makes nobody wait who has a known key, while it is not known whether they can be read again', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.source$ = failure();
    scene.pass(600);
    scene.ask('a');
    scene.pass(5);
    scene.source$ = NEVER;
    expect(scene.ask('a')).to.deep.equal(['a']);
    expect(scene.ask('a')).to.deep.equal(['a']);
    expect(scene.loads).to.equal(3);
  });

  it('does not call a key unknown while it cannot look for it', () => {
    const scene = new Scene();
    scene.ask('a');
    scene.source$ = failure();
    scene.pass(30);
    expect(scene.ask('b')).to.deep.equal(['failed: away']);
    expect(scene.ask('b')).to.deep.equal(['failed: away']);
    expect(scene.ask('a')).to.deep.equal(['a']);
  });

  it('goes on reading when who waited has left, so that leaving keeps nobody from their keys', () => {
    const scene = new Scene();
    scene.source$ = timer(3, scene.scheduler).pipe(map(() => keysNamed('a')));
    scene.cache.candidates$(header('a')).subscribe().unsubscribe();
    const told = scene.ask('a');
    scene.scheduler.flush();
    expect(told).to.deep.equal(['a']);
    expect(scene.loads).to.equal(1);
  });

  it('keeps the same objects for the same keys', () => {
    const scene = new Scene();
    const seen: VerificationKey[] = [];
    const look = () => scene.cache.candidates$(header('a')).subscribe((keys) => seen.push(...keys));
    look();
    scene.source$ = of(keysNamed('a'));
    scene.pass(600);
    look();
    expect(scene.loads).to.equal(2);
    expect(seen[1]).to.equal(seen[0]);
  });

  it('tells what is new, once', () => {
    const scene = new Scene();
    const read = (source$: Observable<readonly VerificationKey[]>) => {
      scene.source$ = source$;
      scene.pass(600);
      scene.ask('a');
    };
    for (const source$ of [of(keysNamed('a')), of(keysNamed('a')), failure(), failure(), failure('gone')])
      read(source$);
    for (const source$ of [of(keysNamed('a')), of(keysNamed('a', 'b'))]) read(source$);
    expect(
      scene.events.map((event) =>
        event.kind === 'loaded' ? `${event.count}: ${event.ids.join()}` : String(event.error),
      ),
    ).to.deep.equal(['1: a', 'Error: away', 'Error: gone', '1: a', '2: a,b']);
  });

  it('can be asked to read at once', () => {
    const scene = new Scene();
    const told: unknown[] = [];
    scene.cache.refreshed$.subscribe((keys) => told.push(keys.length));
    scene.cache.refreshed$.subscribe((keys) => told.push(keys.length));
    expect(told).to.deep.equal([1, 1]);
    expect(scene.loads).to.equal(2);
  });
});
