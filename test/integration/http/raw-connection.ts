import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that speaks HTTP by hand, for what a proper client refuses to send or hides. */
export interface RawConnection {
  readonly socket: Socket;
  write(text: string): void;
  /** Everything received once it holds `text`. @throws when the connection ends before. */
  until(text: string): Promise<string>;
  /** Everything received, when the server has closed the connection. @throws when it was reset. */
  toEnd(): Promise<string>;
}

export async function openConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  let failure: Error | undefined;
  let check: () => void = () => {};
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
    check();
  });
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => check());
  const wait = (isDone: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      check = () => {
        if (isDone()) resolve(received);
        else if (socket.destroyed) reject(failure ?? new Error(`The connection ended after: ${received}`));
      };
      check();
    });
  return {
    socket,
    write: (text) => void socket.write(text),
    until: (text) => wait(() => received.includes(text)),
    toEnd: () => wait(() => socket.destroyed && failure === undefined),
  };
}

/** Sends one request as it is written and gives the whole answer. */
export async function sendRaw(port: number, request: string): Promise<string> {
  const connection = await openConnection(port);
  connection.write(request);
  return await connection.toEnd();
}

/** Status, headers and text of an answer as it came over the wire. */
export function parseAnswer(answer: string): {
  readonly status: number;
  readonly head: string;
  readonly body: string;
} {
  const split = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, split).toLowerCase();
  return { status: Number(answer.split(' ')[1]), head, body: answer.slice(split + 4) };
}
