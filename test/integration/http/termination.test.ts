import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openConnection, type RawConnection } from './raw-connection.ts';

const require = createRequire(import.meta.url);
/** What `npx functions-framework` runs. */
const FRAMEWORK = require.resolve('@google-cloud/functions-framework').replace(/index\.js$/, 'main.js');
const FUNCTION = fileURLToPath(new URL('./slow-function.ts', import.meta.url));

interface Child {
  readonly port: number;
  readonly process: ChildProcess;
  /** Resolves once the child has told of `event`. */
  told(event: string): Promise<void>;
  readonly events: readonly string[];
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The function under the framework's own command line, as it runs when deployed. */
async function startChild(): Promise<Child> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--import', require.resolve('tsx'), FRAMEWORK, `--source=${FUNCTION}`, '--target=slow', `--port=${port}`],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, NODE_ENV: 'test' } },
  );
  children.push(child);
  const events: string[] = [];
  let wake: () => void = () => {};
  child.on('message', (event) => {
    events.push(String(event));
    wake();
  });
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data.toString();
      if (output.includes('URL: http')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`The function did not start: ${output}`)));
  });
  return {
    port,
    process: child,
    events,
    exit,
    async told(event) {
      while (!events.includes(event)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function openStream(port: number): Promise<RawConnection> {
  const connection = await openConnection(port);
  connection.write('POST /stream HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}');
  await connection.until('data: 1');
  return connection;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connectionError(port: number): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

describe('a function that is told to end', () => {
  it('lets a stream finish, takes no new connection, cleans up and leaves with 0', async () => {
    const child = await startChild();
    const stream = await openStream(child.port);
    child.process.kill('SIGTERM');
    await child.told('signalled');
    expect(await connectionError(child.port)).toBe('ECONNREFUSED');
    expect(child.process.exitCode).toBeNull();
    expect(child.events).toEqual(['signalled']);
    child.process.send('go on');
    const answer = await stream.until('data: [DONE]\n\n');
    expect(answer).toContain('data: 2\n\n');
    expect(answer).not.toContain('event: error');
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.events).toEqual(['signalled', 'terminated']);
  });

  it('waits for every answer under way', async () => {
    const child = await startChild();
    const streams = [await openStream(child.port), await openStream(child.port)];
    child.process.kill('SIGTERM');
    await child.told('signalled');
    child.process.send('go on');
    for (const answer of await Promise.all(streams.map((stream) => stream.until('data: [DONE]\n\n')))) {
      expect(answer).toContain('data: 2\n\n');
    }
    expect(await child.exit).toEqual({ code: 0, signal: null });
  });

  it('leaves at once when nothing is under way', async () => {
    const child = await startChild();
    const response = await fetch(`http://127.0.0.1:${child.port}/health`);
    expect(await response.json()).toEqual({ status: 'ok' });
    child.process.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.events).toEqual(['terminated']);
  });

  it('does not wait for a client that has left', async () => {
    const child = await startChild();
    const stream = await openStream(child.port);
    child.process.kill('SIGTERM');
    await child.told('signalled');
    stream.socket.destroy();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.events).toEqual(['signalled', 'terminated']);
  });
});
