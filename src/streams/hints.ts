import type { Logger } from 'pino';
import { Observable } from 'rxjs';
import { type BindingHint, readBindingHint } from '../db/bindingHint.js';
import { type Bus, type BusEvent, type Origin, anything, channels } from '../db/bus.js';
import type { Uuid } from '../db/store.js';
import { isUuid } from '../proto/uuid.js';

/** What is heard on the bus, on all channels together. */
export type Hint =
  | { readonly kind: 'heartbeat'; readonly coordinatorId: Uuid }
  | { readonly kind: 'peer'; readonly peerId: Uuid; readonly sender?: number | undefined }
  | { readonly kind: 'binding'; readonly hint: BindingHint; readonly sender?: number | undefined }
  | { readonly kind: 'tunnel'; readonly src: Uuid; readonly dst: Uuid; readonly sender?: number | undefined }
  | { readonly kind: 'ready'; readonly to: Uuid; readonly from: Uuid }
  /** Hints may have been missed. The first one comes when all channels are listened on. */
  | { readonly kind: 'gap' };

/** What coordinators hear of each other, and not of peers. */
export type CoordinatorHint = Extract<Hint, { kind: 'heartbeat' | 'gap' }>;

export const concernsCoordinators = (hint: Hint): hint is CoordinatorHint =>
  hint.kind === 'heartbeat' || hint.kind === 'gap';

const gap: Hint = { kind: 'gap' };

const uuidLength = 36;
const comma = 44;

/** How each channel's payload reads. */
interface Reader {
  readonly channel: string;
  readonly expected: string;
  readonly read: (payload: string, origin: Origin) => Hint | undefined;
}

const readers: readonly Reader[] = [
  one(channels.heartbeat, (coordinatorId) => ({ kind: 'heartbeat', coordinatorId })),
  one(channels.peer, (peerId, { sender }) => ({ kind: 'peer', peerId, sender })),
  two(channels.tunnel, (src, dst, { sender }) => ({ kind: 'tunnel', src, dst, sender })),
  two(channels.readyForHandshake, (to, from) => ({ kind: 'ready', to, from })),
  {
    channel: channels.binding,
    expected: 'a time and UUIDs separated by commas, with sealed rows, by a sender that the bus knows',
    read: (payload, { sender, sealed }) => {
      // Anybody may publish there.
      const hint = sender === undefined || sealed === undefined ? undefined : readBindingHint(payload, sealed);
      return hint && { kind: 'binding', hint, sender };
    },
  },
];

/**
 * Listens on all channels. Somebody who cannot say what has changed makes a gap. A payload that does not read as it should is logged and dropped: no coordinator sent it, and
 * a hint carries nothing that could be lost. Every change of every peer passes here, so nothing is made but the hint.
 */
export const hints$ = (bus: Bus, logger: Logger): Observable<Hint> =>
  new Observable((subscriber) => {
    const listening = new Set<string>();

    const hear = ({ channel, expected, read }: Reader, event: BusEvent): void => {
      if (event.kind === 'gap') listening.add(channel);
      if (event.kind === 'gap' || event.payload === anything) {
        // Before all channels are listened on, the gap that is still to come does for it.
        if (listening.size === readers.length) subscriber.next(gap);
        return;
      }
      const hint = read(event.payload, event);
      if (hint !== undefined) subscriber.next(hint);
      else logger.error({ channel, payload: event.payload.slice(0, 100), expected }, 'notification not understood');
    };

    for (const reader of readers) {
      subscriber.add(
        bus.listen$(reader.channel).subscribe({
          next: (event) => {
            hear(reader, event);
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
        }),
      );
    }
  });

function one(channel: string, hint: (id: Uuid, origin: Origin) => Hint): Reader {
  return {
    channel,
    expected: 'a UUID',
    read: (payload, origin) => (isUuid(payload) ? hint(payload.toLowerCase(), origin) : undefined),
  };
}

function two(channel: string, hint: (a: Uuid, b: Uuid, origin: Origin) => Hint): Reader {
  return {
    channel,
    expected: 'two UUIDs separated by a comma',
    read: (payload, origin) => {
      if (payload.charCodeAt(uuidLength) !== comma) return undefined;
      const a = payload.slice(0, uuidLength);
      const b = payload.slice(uuidLength + 1);
      return isUuid(a) && isUuid(b) ? hint(a.toLowerCase(), b.toLowerCase(), origin) : undefined;
    },
  };
}
