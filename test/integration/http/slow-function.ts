import { http } from '@google-cloud/functions-framework';
import { installFrontDoor } from '../../../shared/http/front-door.ts';
import { createHttpFunction } from '../../../shared/http/http-function.ts';

/**
 * A function for a process of its own, which a test talks to over its channel: it tells what happens to it, and its
 * streams go on when they are told to.
 */
const tell = (event: string): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(event, () => resolve());
    else resolve();
  });

async function* slowly(): AsyncGenerator<string> {
  const goOn = new Promise<void>((resolve) => {
    process.on('message', (message) => {
      if (message === 'go on') resolve();
    });
  });
  yield 'data: 1\n\n';
  await goOn;
  yield 'data: 2\n\n';
  yield 'data: [DONE]\n\n';
}

installFrontDoor({
  maxBodyBytes: () => 1024,
  onTerminate: async () => {
    await tell('terminated');
  },
});

http(
  'slow',
  createHttpFunction({
    routes: [
      { method: 'GET', path: '/health', handler: () => ({ json: { status: 'ok' } }) },
      {
        method: 'POST',
        path: '/stream',
        handler: () => {
          // The signal is the front door's by now, so this listener comes after its own.
          process.once('SIGTERM', () => void tell('signalled'));
          return { events: slowly() };
        },
      },
    ],
  }),
);
