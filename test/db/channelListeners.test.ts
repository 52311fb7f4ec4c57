import { expect } from 'chai';
import type { BusEvent } from '../../src/db/bus.js';
import { ChannelListeners } from '../../src/db/channelListeners.js';
import { StoreError } from '../../src/db/store.js';

describe('ChannelListeners', () => {
  const setUp = () => {
    const asked: string[] = [];
    const listeners = new ChannelListeners({
      onFirst: (channel) => asked.push(`+${channel}`),
      onLast: (channel) => asked.push(`-${channel}`),
    });
    /** Listens, and notes what is heard: `gap`, a payload, or why it ended. */
    const listen = (channel: string) => {
      const heard: string[] = [];
      const said = (event: BusEvent): string => (event.kind === 'gap' ? 'gap' : event.payload);
      const subscription = listeners.listen$(channel).subscribe({
        next: (event) => heard.push(said(event)),
        error: (error: Error) => heard.push(`failed: ${error.message}`),
      });
      return { heard, leave: () => subscription.unsubscribe() };
    };
    return { asked, listeners, listen };
  };

  it('asks for a channel with the first who listens, and not any more with the last', () => {
    const { asked, listeners, listen } = setUp();
    const [one, other] = [listen('a'), listen('a')];
    expect(asked).to.deep.equal(['+a']);
    expect(listeners.channels).to.deep.equal(['a']);
    one.leave();
    one.leave();
    expect(asked).to.deep.equal(['+a']);
    other.leave();
    expect(asked).to.deep.equal(['+a', '-a']);
    expect(listeners.channels).to.deep.equal([]);
  });

  it('tells what is published once the channel is heard, and says gap first: to who comes later, too', () => {
    const { listeners, listen } = setUp();
    const one = listen('a');
    listeners.published('a', 'early');
    listeners.heard('a');
    listeners.published('a', 'x');
    const other = listen('a');
    listeners.published('a', 'y');
    listeners.published('b', 'z');
    expect([one.heard, other.heard]).to.deep.equal([
      ['gap', 'x', 'y'],
      ['gap', 'y'],
    ]);
  });

  it('tells nothing while it is deaf, and says gap when it hears again', () => {
    const { listeners, listen } = setUp();
    const one = listen('a');
    listeners.heard('a');
    listeners.deaf();
    listeners.published('a', 'lost');
    const other = listen('a');
    listeners.heard('a');
    expect([one.heard, other.heard]).to.deep.equal([['gap', 'gap'], ['gap']]);
  });

  it('holds nothing of a channel that is heard when everybody has left', () => {
    const { asked, listeners, listen } = setUp();
    listen('a').leave();
    listeners.heard('a');
    const late = listen('a');
    listeners.published('a', 'too early');
    expect(late.heard).to.deep.equal([]);
    listeners.heard('a');
    late.leave();
    const later = listen('a');
    listeners.published('a', 'too early');
    expect(later.heard).to.deep.equal([]);
    expect(asked).to.deep.equal(['+a', '-a', '+a', '-a', '+a']);
  });

  it('ends those of a channel that fails, and who listens anew is the first', () => {
    const { asked, listeners, listen } = setUp();
    const [one, other] = [listen('a'), listen('b')];
    listeners.heard('a');
    listeners.fail('a', new StoreError('unavailable', 'not allowed'));
    expect([one.heard, other.heard]).to.deep.equal([['gap', 'failed: not allowed'], []]);
    expect(listen('a').heard).to.deep.equal([]);
    expect(asked).to.deep.equal(['+a', '+b', '-a', '+a']);
  });

  it('ends all when it is closed, and whoever comes later', () => {
    const { asked, listeners, listen } = setUp();
    const all = [listen('a'), listen('b')];
    listeners.close();
    expect([...all, listen('a')].map(({ heard }) => heard)).to.deep.equal([
      ['failed: the bus was closed'],
      ['failed: the bus was closed'],
      ['failed: the bus is closed'],
    ]);
    expect(asked).to.deep.equal(['+a', '+b', '-a', '-b']);
  });

  it('lets whoever is told leave, or another one come', () => {
    const { listeners } = setUp();
    const heard: string[] = [];
    const one = listeners.listen$('a').subscribe(() => {
      heard.push('one');
      one.unsubscribe();
      listeners.listen$('a').subscribe(({ kind }) => heard.push(`other ${kind}`));
    });
    listeners.heard('a');
    listeners.heard('a');
    expect(heard).to.deep.equal(['one', 'other gap']);
  });
});
