import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createEventBridge } from '../../../scripts/dev-firestore/event-bridge.ts';

it('A crowd of events reaches an instance four at a time, as it is deployed, and all of them arrive', async () => {
  const held: ServerResponse[] = [];
  let underWay = 0;
  let most = 0;
  const instance = createServer((request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.once('finish', () => {
      underWay -= 1;
    });
    request.resume();
    held.push(response);
    // Nobody is answered before four are there.
    if (held.length < 4) return;
    for (const waiting of held.splice(0)) waiting.end();
  });
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(instance.address() as AddressInfo).port}`;
  const bridge = await createEventBridge({ instances: () => [url] });
  const events = Array.from({ length: 12 }, (_, index) =>
    fetch(`http://${bridge.host}`, { method: 'POST', headers: { 'ce-document': `documents/${index}` }, body: 'AAAA' }),
  );
  await Promise.all(events);
  await bridge.idle();
  expect([bridge.delivered, bridge.lost, most]).toEqual([12, 0, 4]);
  await bridge.close();
  instance.closeAllConnections();
  await new Promise((resolve) => instance.close(resolve));
});
