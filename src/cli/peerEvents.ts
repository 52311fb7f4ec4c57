import { type Observable, concatMap, pairwise, startWith } from 'rxjs';
import type { ConnectionState, TailnetState } from '../client/index.js';
import type { Uuid } from '../proto/uuid.js';
import { connectionHint } from './connectionHint.js';
import type { PeerEvent } from './peerEvent.js';

/** What to print of what a client knows. */
export const peerEvents = (
  states$: Observable<TailnetState>,
  who: { readonly id: Uuid; readonly url: URL },
): Observable<PeerEvent> =>
  states$.pipe(
    startWith(undefined),
    pairwise(),
    concatMap(([before, state]) =>
      state ? [...said(state), ...become(before?.connection, state.connection, who)] : [],
    ),
  );

function said({ response }: TailnetState): readonly PeerEvent[] {
  if (!response) return [];
  const { peerUpdates, error } = response;
  const updates = peerUpdates.map((update): PeerEvent => ({ kind: 'update', update }));
  return error === '' ? updates : [...updates, { kind: 'error', error }];
}

function become(
  before: ConnectionState | undefined,
  connection: ConnectionState,
  { id, url }: { readonly id: Uuid; readonly url: URL },
): readonly PeerEvent[] {
  if (connection === before) return [];
  switch (connection.kind) {
    case 'connecting':
      return [];
    case 'connected':
      return [{ kind: 'connected', id, url: withoutToken(url) }];
    case 'waiting':
    case 'closed': {
      // There was no connection that could end.
      if (before?.kind === 'waiting') return [];
      const { code, status } = connection;
      const hint = status === undefined ? connectionHint(connection.reason) : undefined;
      const reason = hint === undefined ? connection.reason : `${connection.reason.trim()} (${hint})`;
      return [{ kind: 'closed', code, reason, ...('retryIn' in connection && { retryIn: connection.retryIn }) }];
    }
  }
}

/** The URL without its token, fit for a terminal that others may see. */
function withoutToken(url: URL): string {
  const shown = new URL(url);
  if (shown.searchParams.has('token')) shown.searchParams.set('token', '…');
  return shown.href;
}
