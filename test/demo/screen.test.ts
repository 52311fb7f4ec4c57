import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import { after } from '../../scripts/demo/mesh.js';
import { showMesh } from '../../scripts/demo/screen.js';
import { meshOf, northKilled, wholeMesh } from './meshOf.js';

const [enter, leave] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'];
const [home, green] = ['\u001b[H', '\u001b[32m'];

/** A terminal of so many columns and rows. */
const terminal = (columns: number, rows: number) => {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns, rows });
  return { stream, text: (): string => String(stream.read() ?? '') };
};

describe('showMesh', () => {
  const whole = meshOf(...wholeMesh);

  it('draws on a screen of its own, again and again, and leaves the terminal as it was', async () => {
    const { stream, text } = terminal(80, 24);
    const mesh$ = new BehaviorSubject(whole);
    const showing = showMesh(mesh$, stream, {});
    await once(stream, 'readable');
    expect(text().startsWith(enter)).to.equal(true);
    await once(stream, 'readable');
    expect(text()).to.contain(home).and.to.contain('alice').and.to.contain(green);
    mesh$.next(meshOf(...wholeMesh, ...northKilled));
    await once(stream, 'readable');
    expect(text()).to.contain(home).and.to.contain('killed');
    showing.unsubscribe();
    expect(text()).to.equal(leave);
  });

  it('has no colours where NO_COLOR says so', async () => {
    const { stream, text } = terminal(80, 24);
    const showing = showMesh(new BehaviorSubject(whole), stream, { NO_COLOR: '1' });
    text();
    await once(stream, 'readable');
    expect(text()).to.contain('alice').and.not.to.contain(green);
    showing.unsubscribe();
  });

  for (const [where, columns, rows, environment] of [
    ['on a terminal that is too small', 60, 24, {}],
    ['on a dumb terminal', 80, 24, { TERM: 'dumb' }],
  ] as const) {
    it(`draws one picture after the other ${where}, as things stand when what is said about them changes`, () => {
      const { stream, text } = terminal(columns, rows);
      const mesh$ = new BehaviorSubject(after(whole, { kind: 'caption', text: 'All is well.' }));
      const showing = showMesh(mesh$, stream, { NO_COLOR: '1', ...environment });
      for (const event of northKilled) mesh$.next(after(mesh$.value, event));
      expect(text()).to.equal('');
      mesh$.next(after(mesh$.value, { kind: 'caption', text: '' }));
      expect(text()).to.contain('killed').and.to.contain('All is well.').and.not.to.contain('\u001b');
      showing.unsubscribe();
      expect(text()).to.equal('');
    });
  }
});
