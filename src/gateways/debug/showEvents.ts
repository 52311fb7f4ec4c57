import { NEVER, Observable, filter, map, merge, of, takeWhile } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import { closeErrors } from '../../proto/responses.js';
import { acceptsEvents } from '../acceptsEvents.js';
import { shuttingDown } from '../attendance.js';
import { EventStream, eventText } from '../eventStream.js';
import { replyText } from '../httpRoutes.js';
import { PingWheel } from '../pingWheel.js';
import type { DebugLimits, DebugOptions } from './debugOptions.js';
import type { Show } from './lookers.js';
import type { Sight } from './sharedSnapshots.js';

type Shown = Sight | { readonly kind: 'closed'; readonly reason: string };

const troubleEvent = eventText('trouble', JSON.stringify({ reason: 'the database cannot be read now' }));

/**
 * What there is, as server-sent events: `overview` with all of it first, then `changes` for who keeps up. Who does not gets
 * the newest `overview` once it can take it. `trouble` while the database cannot be read; `closed` at the end.
 */
export function showEvents(
  sights$: Observable<Sight>,
  { draining$ = of(false) }: DebugOptions,
  { heartbeatPeriod, closeTimeout }: DebugLimits,
  scheduler: SchedulerLike,
): Show {
  const wheel = new PingWheel(heartbeatPeriod, scheduler);
  const isDraining$ = draining$.pipe(filter(Boolean));

  return (request, response, _parameters, viewer) =>
    new Observable((subscriber) => {
      const refusal = refusalOf(request.headers.accept);
      if (refusal !== undefined) {
        replyText(response, ...refusal);
        subscriber.complete();
        return;
      }
      if (request.method === 'HEAD') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
        response.end();
        subscriber.complete();
        return;
      }
      response.setHeader('X-Content-Type-Options', 'nosniff');
      const stream = new EventStream(response);
      const end = (reason: string): void => {
        subscriber.add(stream.end(eventText('closed', JSON.stringify({ reason })), closeTimeout, scheduler));
      };
      let hasAll = false;
      subscriber.add(wheel.watch(stream));
      const ends$ = merge(isDraining$.pipe(map(() => shuttingDown.reason)), viewer?.ends$ ?? NEVER);
      subscriber.add(
        merge(ends$.pipe(map((reason): Shown => ({ kind: 'closed', reason }))), sights$)
          .pipe(takeWhile(({ kind }) => kind !== 'closed', true))
          .subscribe({
            next: (shown) => {
              // What waits for a slow client must be all there is: what comes next takes its place.
              const keepsUp = !response.writableNeedDrain;
              switch (shown.kind) {
                case 'snapshot': {
                  const { snapshot } = shown;
                  stream.send(hasAll && keepsUp ? snapshot.changesEvent : snapshot.wholeEvent);
                  hasAll = true;
                  return;
                }
                case 'trouble':
                  if (keepsUp) stream.send(troubleEvent);
                  return;
                case 'closed':
                  end(shown.reason);
              }
            },
            error: (error: unknown) => {
              end(closeErrors.internal);
              subscriber.error(error);
            },
          }),
      );
    });
}

function refusalOf(accept: string | undefined): [status: number, reason: string] | undefined {
  if (acceptsEvents(accept)) return undefined;
  return [406, 'this is text/event-stream, which your header Accept does not take'];
}
