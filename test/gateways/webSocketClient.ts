import { NEVER, Observable } from 'rxjs';
import { WebSocket } from 'ws';
import type { Coordinator } from '../../src/api.js';
import { requestToJson, responseFromJson } from '../../src/proto/json.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';

interface Codec {
  readonly encode: (request: CoordinateRequest) => Uint8Array | string;
  readonly decode: (data: Buffer) => CoordinateResponse;
}

const codecs: Readonly<Record<string, Codec>> = {
  'tailnet.v2.proto': {
    encode: (request) => CoordinateRequest.encode(request).finish(),
    decode: (data) => CoordinateResponse.decode(new Uint8Array(data)),
  },
  'tailnet.v2.json': { encode: requestToJson, decode: (data) => responseFromJson(data.toString()) },
};

/** A client of the WebSocket gateway, as the contract of gateways wants it. */
export const webSocketClient = (url: string, protocol: string, query = ''): Pick<Coordinator, 'coordinate$'> => ({
  coordinate$: (peerId, requests$ = NEVER, { ready$ = NEVER } = {}) =>
    new Observable((subscriber) => {
      const { encode, decode } = codecs[protocol]!;
      const webSocket = new WebSocket(`${url}?id=${peerId}${query}`, protocol);
      webSocket.once('open', () => {
        const sending = requests$.subscribe({
          next: (request) => webSocket.send(encode(request)),
          complete: () => webSocket.close(1000),
        });
        sending.add(ready$.subscribe((ready) => (ready ? webSocket.resume() : webSocket.pause())));
        subscriber.add(sending);
      });
      webSocket.on('message', (data: Buffer) => subscriber.next(decode(data)));
      webSocket.once('error', (error) => subscriber.error(error));
      webSocket.once('close', () => subscriber.complete());
      return () => webSocket.terminate();
    }),
});
