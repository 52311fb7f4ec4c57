import type { ServerResponse } from 'node:http';
import { Observable } from 'rxjs';

/**
 * Completes when all of an answer that has been ended has gone to the client: until then it is held here. Who reads
 * nothing of it for `limit` milliseconds is cut off.
 */
export function untilSent(response: ServerResponse, limit: number): Observable<never> {
  return new Observable((subscriber) => {
    if (response.writableFinished) {
      subscriber.complete();
      return undefined;
    }
    const finish = (): void => {
      subscriber.complete();
    };
    // It counts from when the system last took some of it.
    const cutOff = (): void => {
      response.destroy();
    };
    response.once('finish', finish).once('close', finish).setTimeout(limit, cutOff);
    return () => {
      response.off('finish', finish).off('close', finish).off('timeout', cutOff);
    };
  });
}
