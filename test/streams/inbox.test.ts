import { expect } from 'chai';
import { createInbox } from '../../src/streams/inbox.js';

describe('createInbox', () => {
  it('passes on what is put in to all who listen, and keeps nothing', () => {
    const inbox = createInbox<number>();
    const heard: string[] = [];
    inbox.next(1);
    const first = inbox.subscribe((value) => heard.push(`first ${String(value)}`));
    inbox.next(2);
    inbox.subscribe({ next: (value) => heard.push(`second ${String(value)}`), complete: () => heard.push('end') });
    inbox.next(3);
    first.unsubscribe();
    inbox.next(4);
    inbox.complete();
    inbox.next(5);
    expect(heard).to.deep.equal(['first 2', 'first 3', 'second 3', 'second 4', 'end']);
  });
});
