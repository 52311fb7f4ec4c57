import { VirtualTimeScheduler } from 'rxjs';

/** Time that passes only when told. */
export class Clock extends VirtualTimeScheduler {
  advanceTo(time: number): void {
    this.maxFrames = time;
    this.flush();
    this.frame = time;
  }
}
