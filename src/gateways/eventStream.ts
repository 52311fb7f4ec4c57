import type { ServerResponse } from 'node:http';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Probed } from './pingWheel.js';
import { isFinished } from './unfinishedSockets.js';

/** So many periods a client may leave what it is sent unread. */
const patience = 4;

/** A client whose connection breaks comes back after so many milliseconds, if it is an `EventSource`. */
const retry = 3000;

/** One server-sent event. The data must be on one line. */
export function eventText(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

/**
 * Server-sent events to one client, of which each takes the place of the one before: to a client that does not keep up
 * only the newest is sent, once it can take it, so what waits for it is one event at most. It is asked for signs of life
 * by comments, which a client looks over: they break a connection at whose end there is nobody.
 */
export class EventStream implements Probed {
  readonly #response: ServerResponse;
  /** The newest event, when it could not be sent yet. */
  #waiting: string | undefined;
  #sent = '';
  #silentPeriods = 0;
  #hasEnded = false;

  /** Begins the answer. */
  constructor(response: ServerResponse) {
    this.#response = response;
    if (response.socket) isFinished(response.socket);
    // When this ends, there is nothing more to say over this connection.
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // Nobody in between may keep it, gather it, or press it together.
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.on('drain', () => {
      this.#flush();
    });
    // Of a connection that breaks, the end is told by its `close`.
    response.on('error', () => undefined);
    response.write(`retry: ${String(retry)}\n\n`);
  }

  send(event: string): void {
    if (this.#hasEnded) return;
    this.#waiting = event;
    this.#flush();
  }

  /**
   * Ends the answer, with this event as the last. Who does not read it within `timeout` milliseconds is cut off; return
   * what takes that back.
   */
  end(event: string, timeout: number, scheduler: SchedulerLike): Subscription {
    this.#hasEnded = true;
    this.#waiting = undefined;
    this.#response.end(event);
    return scheduler.schedule(() => {
      this.#response.destroy();
    }, timeout);
  }

  alive(): boolean {
    return this.#hasEnded || !this.#response.writableNeedDrain;
  }

  probe(): boolean {
    // Whether the end is read is the business of its own timeout.
    if (this.#hasEnded) return true;
    if (this.alive()) {
      this.#silentPeriods = 0;
      this.#response.write(':\n\n');
      return true;
    }
    this.#silentPeriods++;
    return this.#silentPeriods < patience;
  }

  terminate(): void {
    this.#response.destroy();
  }

  #flush(): void {
    const event = this.#waiting;
    if (event === undefined || this.#response.writableNeedDrain) return;
    this.#waiting = undefined;
    // It may have come back to what was told last.
    if (event === this.#sent) return;
    this.#sent = event;
    this.#response.write(event);
  }
}
