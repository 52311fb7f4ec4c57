import { bob } from 'tailnet-coordinator/testing';

/** Watches Bob until the first event, and says which it was. */
export const watchBob = async (server: string): Promise<void> => {
  const response = await fetch(`${server}/api/v2/peers/${bob}/watch`);
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const [event] = /^event: \w+$/m.exec(text) ?? [];
    if (event === undefined) continue;
    console.log('watched:', event);
    // Leaving the loop hangs up.
    return;
  }
};
