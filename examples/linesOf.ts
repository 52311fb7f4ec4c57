import type { Socket } from 'node:net';
import { Observable } from 'rxjs';

/** The lines that come over a socket. Fails if one has more than a million characters, completes when no more can come. */
export const linesOf = (socket: Socket): Observable<string> =>
  new Observable((subscriber) => {
    // As much of a line as has come.
    let line = '';
    const read = (chunk: string) => {
      const [rest = '', ...lines] = chunk.split('\n');
      line += rest;
      for (const next of lines) {
        subscriber.next(line);
        line = next;
      }
      if (line.length > 1_000_000) subscriber.error(new Error('a line has more than a million characters'));
    };
    const end = () => subscriber.complete();
    socket.setEncoding('utf8').on('data', read).on('end', end).on('close', end);
    return () => socket.off('data', read).off('end', end).off('close', end);
  });
