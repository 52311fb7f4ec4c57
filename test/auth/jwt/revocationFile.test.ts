import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { filter, firstValueFrom, ReplaySubject, skip, VirtualTimeScheduler } from 'rxjs';
import type { Observable } from 'rxjs';
import { revocationFile, type VerifiedToken } from '../../../src/auth/jwt/index.js';
import type { RevocationsEvent } from '../../../src/auth/jwt/index.js';
import { alice, bob } from '../../../src/testing/index.js';

const tokenOf = (id: string, tokenId?: string): VerifiedToken => ({ id, tokenId, claims: {} });

describe('revocationFile', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tailnet-revocations-'));
    path = join(directory, 'revoked');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** The first answer about a token. */
  const isRevoked = (text: string, token: VerifiedToken): Promise<boolean> => {
    writeFileSync(path, text);
    return firstValueFrom(revocationFile(path)(token));
  };

  it('knows tokens by their ids, and peers by theirs', async () => {
    expect(await isRevoked('seven\n', tokenOf(alice, 'seven'))).to.equal(true);
    expect(await isRevoked('seven\n', tokenOf(alice, 'eight'))).to.equal(false);
    expect(await isRevoked('seven\n', tokenOf(alice))).to.equal(false);
    expect(await isRevoked(alice, tokenOf(alice, 'eight'))).to.equal(true);
    expect(await isRevoked(`# ${alice}\n\n  ${bob}  \r\n`, tokenOf(alice))).to.equal(false);
    expect(await isRevoked(`# ${alice}\n\n  ${bob}  \r\n`, tokenOf(bob))).to.equal(true);
    expect(await isRevoked(bob.toUpperCase(), tokenOf(bob))).to.equal(true);
    expect(await isRevoked(bob.toUpperCase(), tokenOf(alice, bob.toUpperCase()))).to.equal(true);
    expect(await isRevoked('SEVEN', tokenOf(alice, 'seven'))).to.equal(false);
    expect(await isRevoked('', tokenOf(alice, ''))).to.equal(false);
  });

  it('lets nobody in before the list was read', async () => {
    const failed = await firstValueFrom(revocationFile(path)(tokenOf(alice))).catch((error: unknown) => error);
    expect(String(failed)).to.contain('ENOENT');
    writeFileSync(path, '');
    expect(await firstValueFrom(revocationFile(path)(tokenOf(alice)))).to.equal(false);
  });

  it('looks again for as long as somebody is connected, and keeps the list when it cannot', async () => {
    const scheduler = new VirtualTimeScheduler(undefined, -1);
    const lookAgain = () => {
      scheduler.maxFrames += 2000;
      scheduler.flush();
    };
    const events$ = new ReplaySubject<RevocationsEvent>();
    const revocations = revocationFile(path, { scheduler, onEvent: (event) => events$.next(event) });
    const event = (matches: (event: RevocationsEvent) => boolean) => firstValueFrom(events$.pipe(filter(matches)));
    writeFileSync(path, 'seven');
    const answers: boolean[] = [];
    const alices = revocations(tokenOf(alice, 'seven')).subscribe((answer) => answers.push(answer));
    const bobs$ = new ReplaySubject<boolean>();
    const bobs = revocations(tokenOf(bob)).subscribe(bobs$);
    lookAgain();
    await event(({ kind }) => kind === 'loaded');

    rmSync(path);
    lookAgain();
    await event(({ kind }) => kind === 'failed');
    expect(answers).to.deep.equal([true]);

    writeFileSync(path, `${bob}\nseven\neight`);
    lookAgain();
    await event((next) => next.kind === 'loaded' && next.count === 3);
    expect(await firstValueFrom(bobs$.pipe(filter((answer) => answer)))).to.equal(true);
    alices.unsubscribe();
    expect(scheduler.actions).to.have.length(1);
    bobs.unsubscribe();
    expect(scheduler.actions).to.be.empty;
  });

  describe('what is missing from the list', () => {
    let scheduler: VirtualTimeScheduler;
    let events$: ReplaySubject<RevocationsEvent>;
    let revocations: (token: VerifiedToken) => Observable<boolean>;
    beforeEach(() => {
      scheduler = new VirtualTimeScheduler(undefined, 0);
      events$ = new ReplaySubject();
      revocations = revocationFile(path, { scheduler, onEvent: (event) => events$.next(event) });
    });

    const later = (time: number) => {
      scheduler.maxFrames += time;
      scheduler.flush();
    };
    /** What somebody hears who comes now, and does not stay. */
    const ask = (token: VerifiedToken): Promise<boolean> => {
      const answer = firstValueFrom(revocations(token));
      later(0);
      return answer;
    };
    const nextCount = async (index: number): Promise<number> => {
      const event = await firstValueFrom(events$.pipe(skip(index)));
      return event.kind === 'loaded' ? event.count : -1;
    };

    it('counts for two periods, unless it is back by then: the list may be one that is just being written', async () => {
      const answers$ = new ReplaySubject<boolean>();
      writeFileSync(path, 'seven\neight');
      const subscription = revocations(tokenOf(alice, 'seven')).subscribe(answers$);
      later(0);
      expect(await nextCount(0)).to.equal(2);

      writeFileSync(path, 'nine');
      later(2000);
      expect(await nextCount(1)).to.equal(3);
      writeFileSync(path, 'seven\neight\nnine\nten');
      later(2000);
      expect(await nextCount(2)).to.equal(4);
      later(8000);

      writeFileSync(path, 'eleven');
      later(2000);
      expect(await nextCount(3)).to.equal(5);
      expect(await ask(tokenOf(alice, 'seven'))).to.equal(true);
      later(3999);
      expect(await ask(tokenOf(alice, 'seven'))).to.equal(true);
      later(1);
      expect(await firstValueFrom(answers$.pipe(skip(1)))).to.equal(false);
      expect(await nextCount(4)).to.equal(1);
      subscription.unsubscribe();
      expect(scheduler.actions).to.be.empty;
    });

    it('counts no longer while nobody is connected either, however often somebody asks', async () => {
      writeFileSync(path, alice);
      expect(await ask(tokenOf(alice))).to.equal(true);
      writeFileSync(path, '');
      for (const _ of [0, 1, 2, 3]) {
        expect(await ask(tokenOf(alice))).to.equal(true);
        later(1000);
      }
      expect(await ask(tokenOf(alice))).to.equal(false);
      expect(await nextCount(1)).to.equal(0);
      expect(scheduler.actions).to.be.empty;
    });

    it('counts no longer in a list that was written so long ago: nobody is writing it now', async () => {
      writeFileSync(path, alice);
      expect(await ask(tokenOf(alice))).to.equal(true);
      later(10_000);
      writeFileSync(path, '');
      utimesSync(path, 6, 6);
      expect(await ask(tokenOf(alice))).to.equal(false);
    });

    it('counts no longer in a list that changes all the time', async () => {
      writeFileSync(path, 'seven');
      const subscription = revocations(tokenOf(bob)).subscribe();
      later(0);
      expect(await nextCount(0)).to.equal(1);
      for (const [index, count] of [2, 3, 3, 3].entries()) {
        writeFileSync(path, `token ${String(index)}`);
        later(2000);
        // Of each that is taken out, two periods.
        expect(await nextCount(index + 1)).to.equal(count);
        expect(await ask(tokenOf(alice, 'seven'))).to.equal(index < 2);
      }
      subscription.unsubscribe();
    });

    it('says to somebody who asks that the list cannot be read, though nobody is connected', async () => {
      writeFileSync(path, alice);
      expect(await ask(tokenOf(alice))).to.equal(true);
      rmSync(path);
      expect(await ask(tokenOf(alice))).to.equal(true);
      expect(await ask(tokenOf(bob))).to.equal(false);
      expect(await nextCount(1)).to.equal(-1);
      writeFileSync(path, alice);
      expect(await ask(tokenOf(bob))).to.equal(false);
      expect(await nextCount(2)).to.equal(1);
    });
  });
});
