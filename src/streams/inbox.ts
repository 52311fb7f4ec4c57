import { Subject } from 'rxjs';

/**
 * Where values are pushed in that then flow as a stream: the border between those who call a part and what it does
 * about it. Nothing is kept: a value that comes while nobody listens is gone.
 */
// eslint-disable-next-line no-restricted-syntax -- the one place where the core makes them, under this name
export const createInbox = <T>(): Subject<T> => new Subject<T>();
