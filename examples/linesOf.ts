import type { Socket } from 'node:net';
import { Observable, timeout } from 'rxjs';

/**
 * The lines that come over a socket, as long as they come: the first within ten seconds, and none longer than a million
 * characters, or it fails. Completes when no more can come.
 */
export const linesOf = (socket: Socket): Observable<string> =>
  new Observable<string>((subscriber) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) subscriber.next(line);
      if (text.length > 1_000_000) subscriber.error(new Error('a line has more than a million characters'));
    });
    for (const end of ['end', 'close']) socket.on(end, () => subscriber.complete());
  }).pipe(timeout({ first: 10_000 }));
