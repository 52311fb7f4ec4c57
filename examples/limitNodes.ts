import { auditTime, connect, filter, map, merge } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { CoordinateRequest } from 'tailnet-coordinator';

/**
 * Only nodes may be left out, because only of nodes the newest says everything. So a request is taken apart: its node
 * waits, everything else goes on at once.
 *
 * Never do this to responses. They are differences, and none may be left out: to slow them down, give `coordinate$` a
 * `ready$` that is false for as long as nothing is to be sent.
 */
export const limitNodes =
  (period: number): MonoTypeOperatorFunction<CoordinateRequest> =>
  (requests$) =>
    requests$.pipe(
      connect((all$) =>
        merge(
          all$.pipe(
            filter(({ updateSelf }) => updateSelf !== undefined),
            map(({ updateSelf }) => ({ ...nothing, updateSelf })),
            auditTime(period),
          ),
          all$.pipe(
            map((request) => ({ ...request, updateSelf: undefined })),
            filter(({ addTunnel, removeTunnel, disconnect, readyForHandshake }) =>
              [addTunnel, removeTunnel, disconnect, readyForHandshake[0]].some((part) => part !== undefined),
            ),
          ),
        ),
      ),
    );

const nothing: CoordinateRequest = {
  updateSelf: undefined,
  addTunnel: undefined,
  removeTunnel: undefined,
  disconnect: undefined,
  readyForHandshake: [],
};
