import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { filter, firstValueFrom, ReplaySubject, skip, VirtualTimeScheduler } from 'rxjs';
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
    expect(answers).to.deep.equal([true, true]);

    writeFileSync(path, `${bob}\nseven\neight`);
    lookAgain();
    await event((next) => next.kind === 'loaded' && next.count === 3);
    expect(await firstValueFrom(bobs$.pipe(filter((answer) => answer)))).to.equal(true);
    alices.unsubscribe();
    expect(scheduler.actions).to.have.length(1);
    bobs.unsubscribe();
    expect(scheduler.actions).to.be.empty;
  });

  it('believes a shorter list only when it stays so: it may be one that is just being written', async () => {
    const scheduler = new VirtualTimeScheduler(undefined, 0);
    const later = (time: number) => {
      scheduler.maxFrames += time;
      scheduler.flush();
    };
    const counts: number[] = [];
    const onEvent = (event: RevocationsEvent) => counts.push(event.kind === 'loaded' ? event.count : -1);
    const answers$ = new ReplaySubject<boolean>();
    const nth = (index: number) => firstValueFrom(answers$.pipe(skip(index)));
    writeFileSync(path, 'seven\neight');
    const subscription = revocationFile(path, { scheduler, onEvent })(tokenOf(alice, 'seven')).subscribe(answers$);
    later(0);
    expect(await nth(0)).to.equal(true);

    writeFileSync(path, '');
    later(2000);
    expect(await nth(1)).to.equal(true);
    writeFileSync(path, 'seven\neight\nnine');
    later(2000);
    expect(await nth(2)).to.equal(true);
    later(8000);
    expect(counts).to.deep.equal([2, 3]);

    writeFileSync(path, 'nine');
    later(2000);
    expect(await nth(3)).to.equal(true);
    later(3999);
    expect(counts).to.deep.equal([2, 3]);
    later(1);
    expect(await nth(4)).to.equal(false);
    expect(counts).to.deep.equal([2, 3, 1]);
    subscription.unsubscribe();
    expect(scheduler.actions).to.be.empty;
  });
});
