import type { Logger } from 'pino';
import { type Observable, EMPTY, defer, merge, mergeMap, of } from 'rxjs';
import { type Bus, channels } from '../db/bus.js';
import type { Uuid } from '../db/store.js';
import { isUuid } from '../proto/uuid.js';

/** What is heard on the bus, on all channels together. */
export type Hint =
  | { readonly kind: 'heartbeat'; readonly coordinatorId: Uuid }
  | { readonly kind: 'peer'; readonly peerId: Uuid }
  | { readonly kind: 'tunnel'; readonly src: Uuid; readonly dst: Uuid }
  | { readonly kind: 'ready'; readonly to: Uuid; readonly from: Uuid }
  /** Hints may have been missed. The first one comes when all channels are listened on. */
  | { readonly kind: 'gap' };

const gap$ = of<Hint>({ kind: 'gap' });

/** How each channel's payload reads: one UUID, or two with a comma between. */
const readers: readonly { readonly channel: string; readonly ids: 1 | 2; readonly read: (a: Uuid, b: Uuid) => Hint }[] =
  [
    { channel: channels.heartbeat, ids: 1, read: (coordinatorId) => ({ kind: 'heartbeat', coordinatorId }) },
    { channel: channels.peer, ids: 1, read: (peerId) => ({ kind: 'peer', peerId }) },
    { channel: channels.tunnel, ids: 2, read: (src, dst) => ({ kind: 'tunnel', src, dst }) },
    { channel: channels.readyForHandshake, ids: 2, read: (to, from) => ({ kind: 'ready', to, from }) },
  ];

/**
 * Listens on all channels. A payload that does not read as it should is logged and dropped: no coordinator sent it, and
 * a hint carries nothing that could be lost.
 */
export const hints$ = (bus: Bus, logger: Logger): Observable<Hint> =>
  defer(() => {
    const listening = new Set<string>();

    const hear = ({ channel, ids, read }: (typeof readers)[number], payload: string): Observable<Hint> => {
      const [a = '', b = '', ...more] = payload.split(',');
      if (isUuid(a) && (ids === 1 ? payload.length === a.length : isUuid(b) && more.length === 0)) {
        return of(read(a.toLowerCase(), b.toLowerCase()));
      }
      const expected = ids === 1 ? 'a UUID' : 'two UUIDs separated by a comma';
      logger.error({ channel, payload: payload.slice(0, 100), expected }, 'notification not understood');
      return EMPTY;
    };

    const listenOn = (reader: (typeof readers)[number]): Observable<Hint> =>
      bus.listen$(reader.channel).pipe(
        mergeMap((event) => {
          if (event.kind === 'message') return hear(reader, event.payload);
          listening.add(reader.channel);
          return listening.size === readers.length ? gap$ : EMPTY;
        }),
      );

    return merge(...readers.map(listenOn));
  });
