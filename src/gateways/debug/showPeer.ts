import { catchError, map, of, take, tap, throwError, timeout, TimeoutError } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import type { Coordinator, WatchUpdate } from '../../api.js';
import { nodeToJson } from '../../proto/json.js';
import { isUuid, nilUuid, parseUuid } from '../../proto/uuid.js';
import type { Uuid } from '../../proto/uuid.js';
import { reply, replyText } from '../httpRoutes.js';
import { quote } from '../quote.js';
import type { Show } from './lookers.js';

const status = { node: 'ok', lost: 'lost', disconnected: 'absent' } as const;

/**
 * One peer and its node, as the coordinator knows it or reads it together with all else that it reads: nobody who looks has
 * the database asked for themselves alone.
 */
export function showPeer(
  { watch$ }: Pick<Coordinator, 'watch$'>,
  answerTimeout: number,
  scheduler: SchedulerLike,
): Show {
  return (_request, response, { id = '' }) => {
    if (!isUuid(id) || parseUuid(id) === nilUuid) {
      const problem = isUuid(id) ? 'must not be the nil UUID' : `must be the UUID of a peer, got ${quote(id)}`;
      replyText(response, 400, `the id in the path ${problem}`);
      return of();
    }
    const peerId = parseUuid(id);
    return watch$(peerId).pipe(
      take(1),
      timeout({ first: answerTimeout, scheduler }),
      map((update) => answerOf(peerId, update)),
      catchError((error: unknown) =>
        error instanceof TimeoutError
          ? of({ status: 503, body: 'the database cannot be read now' })
          : throwError(() => error),
      ),
      tap((answer) => {
        if (answer.status !== 200) replyText(response, answer.status, answer.body);
        else {
          reply(response, 200, 'application/json; charset=utf-8', `${answer.body}\n`, {
            'X-Content-Type-Options': 'nosniff',
          });
        }
      }),
    );
  };
}

function answerOf(id: Uuid, update: WatchUpdate): { readonly status: number; readonly body: string } {
  if (update.kind === 'closed') return { status: 503, body: update.reason };
  const node = update.kind === 'disconnected' ? 'null' : nodeToJson(update.node);
  return { status: 200, body: `{"id":"${id}","status":"${status[update.kind]}","node":${node}}` };
}
