import { EventEmitter } from 'node:events';
import { BehaviorSubject, Subject } from 'rxjs';
import type { CoordinateCall } from '../../src/gateways/grpcWire.js';
import type { CallStatus } from '../../src/gateways/grpcStatus.js';

/** A call of which a test decides what happens at the other end. What leaves it is sent when the test says so. */
export class ScriptedCall extends EventEmitter {
  /** Whether it is being read from. */
  readonly flows$ = new BehaviorSubject(true);
  readonly written$ = new Subject<Buffer>();
  readonly ended$ = new Subject<CallStatus>();
  writableNeedDrain = false;
  #callbacks: (() => void)[] = [];

  constructor() {
    super();
    this.on('error', (status: CallStatus) => {
      this.ended$.next(status);
    });
  }

  pause(): void {
    this.flows$.next(false);
  }

  resume(): void {
    this.flows$.next(true);
  }

  write(message: Buffer, callback: () => void): boolean {
    this.#callbacks.push(callback);
    this.written$.next(message);
    return true;
  }

  end(): void {
    this.ended$.next({ code: 0, details: '' });
  }

  /** All that waits has been sent. */
  flush(): void {
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  /** The same for those who take a call of grpc-js. */
  get asCall(): CoordinateCall {
    // eslint-disable-next-line no-restricted-syntax -- the few members that are used
    return this as unknown as CoordinateCall;
  }
}
