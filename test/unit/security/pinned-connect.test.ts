import type { LookupFunction } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { createPinnedConnect, type MakeConnector } from '../../../shared/security/pinned-connect.ts';
import { createUrlGuard } from '../../../shared/security/url-guard.ts';

const judge = createUrlGuard({ production: true }).judgeAddresses;

/** The connector with what it would hand to a socket laid open. */
function open(addresses: readonly string[]) {
  const connected = vi.fn();
  let lookup: LookupFunction | undefined;
  const makeConnector: MakeConnector = (options) => {
    lookup = options.lookup;
    return connected;
  };
  const connect = createPinnedConnect({
    judge: (found) => judge(found),
    timeoutMs: 1_000,
    resolve: async () => addresses,
    makeConnector,
  });
  const ask = (all: boolean) =>
    new Promise((resolve) => lookup?.('host.example', { all }, (...answer) => resolve(answer)));
  return { connect, connected, ask };
}

describe('pinned connect', () => {
  it('hands a socket every judged address, or the first where it wants one', async () => {
    const { ask } = open(['34.143.76.2', '2600:1900::1']);
    expect(await ask(true)).toEqual([
      null,
      [
        { address: '34.143.76.2', family: 4 },
        { address: '2600:1900::1', family: 6 },
      ],
    ]);
    expect(await ask(false)).toEqual([null, '34.143.76.2', 4]);
  });

  it.each([true, false])('hands it none when one of them is refused (all: %s)', async (all) => {
    const { ask } = open(['34.143.76.2', '10.0.0.5']);
    expect(await ask(all)).toEqual([expect.objectContaining({ code: 'blocked_url' }), '']);
  });

  it.each(['10.0.0.5', '169.254.169.254', '::1', 'fd00::1', '::ffff:7f00:1'])(
    'judges the address %s, for which nothing is looked up',
    async (hostname) => {
      const { connect, connected } = open([]);
      const error = await new Promise((resolve) =>
        connect({ hostname, protocol: 'https:', port: '' }, (...[failure]) => resolve(failure)),
      );
      expect(error).toMatchObject({ code: 'blocked_url', retryable: false });
      expect(connected).not.toHaveBeenCalled();
    },
  );

  it('lets a public address and a name go on', () => {
    const { connect, connected } = open([]);
    for (const hostname of ['34.143.76.2', 'host.example']) {
      connect({ hostname, protocol: 'https:', port: '' }, () => {});
      expect(connected).toHaveBeenLastCalledWith(expect.objectContaining({ hostname }), expect.any(Function));
    }
  });
});
