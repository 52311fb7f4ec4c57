import type { Socket } from 'node:net';
import { Observable } from 'rxjs';

/** The lines that come over a socket. Fails if one has more than a million characters, completes when no more can come. */
export const linesOf = (socket: Socket): Observable<string> =>
  new Observable((subscriber) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) subscriber.next(line);
      if (text.length > 1_000_000) subscriber.error(new Error('a line has more than a million characters'));
    });
    for (const end of ['end', 'close']) socket.on(end, () => subscriber.complete());
  });
