import { createContext, runInContext } from 'node:vm';
import { expect } from 'chai';
import { browserBundle } from './browserBundle.js';

/** What every browser has, of what a client may need. */
const ofBrowsers = {
  ...{ setTimeout, clearTimeout, setInterval, clearInterval, TextDecoder, TextEncoder, URL, URLSearchParams },
};

describe('tailnet-coordinator/client, in a bundle for browsers,', function () {
  this.timeout(60_000);

  it('imports nothing of Node.js, and no part of the server', async () => {
    const { ofNode, files } = await browserBundle(`export * from 'tailnet-coordinator/client';`);
    expect(ofNode).to.deep.equal([]);
    const own = files.filter((file) => file.startsWith('dist/'));
    expect(own).to.include('dist/client/browser.js').and.not.include('dist/client/index.js');
    expect(own.filter((file) => !/^dist\/(client|proto|streams\/operators)\//.test(file))).to.deep.equal([]);
  });

  it('needs nothing that only Node.js has, such as Buffer', async () => {
    const { text } = await browserBundle(`
      import { Observable, of, take } from 'rxjs';
      import { coordinatorTransport, tailnetClient$ } from 'tailnet-coordinator/client';
      const id = 'a11ce000-0000-4000-8000-000000000000';
      export const run = (WebSocket, done) => {
        globalThis.WebSocket = WebSocket;
        tailnetClient$({ url: 'ws://a.example', id, node$: of({ preferredDerp: 7 }), tunnels$: of([id]) })
          .pipe(take(4))
          .subscribe({ next: (state) => done([...state.peers.keys()].join()) });
      };
    `);
    expect(text).not.to.match(/\b(Buffer|require)\b/);
    const context = createContext({ ...ofBrowsers });
    const sent: Uint8Array[] = [];
    const seen: string[] = [];
    let url = '';
    /** Answers with a node of the peer with the id 0102…10. */
    class FakeSocket {
      readyState = 1;
      onopen?: () => void;
      onmessage?: (event: object) => void;
      constructor(address: URL) {
        url = String(address);
        setTimeout(() => {
          this.onopen?.();
          const message = [10, 22, 10, 16, ...Array.from({ length: 16 }, (_, index) => index + 1), 18, 0, 24, 1];
          const bytes = runInContext(`Uint8Array.of(${message.join()}).buffer`, context) as ArrayBuffer;
          this.onmessage?.({ data: bytes });
        });
      }
      send(bytes: Uint8Array) {
        sent.push(bytes);
      }
      close() {
        this.readyState = 3;
      }
    }
    runInContext(text, context);
    await new Promise<void>((resolve) => {
      const run = runInContext('tailnet.run', context) as (socket: unknown, done: (text: string) => void) => void;
      run(FakeSocket, (peers) => {
        seen.push(peers);
        if (peers !== '') resolve();
      });
    });
    expect(url).to.equal('ws://a.example/api/v2/coordinate?id=a11ce000-0000-4000-8000-000000000000');
    expect(seen).to.deep.equal(['', '', '01020304-0506-0708-090a-0b0c0d0e0f10']);
    expect(sent.map((bytes) => bytes.length)).to.deep.equal([6, 20, 20]);
  });
});
