import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import { AppError } from '../contracts/app-error.ts';

/** Bodies up to this size are always taken, so that large ones cannot keep small requests out. */
export const SMALL_BYTES = 64 * 1024;

/** Copies of a body in memory: five for a moment while it becomes a request to a vendor, two while that is answered. */
const SHARE_OF_MEMORY = 1 / 8;

const RETRY_AFTER_MS = 1_000;

/** Room for the bodies of all requests that are not answered yet. */
export interface BodyRoom {
  /**
   * Counts the body of a request as `bytes` long, as it is declared or has come so far, until its answer is out or its
   * client gone. The only one is taken at any length.
   * @throws AppError `overloaded` when there is no room; nothing is held for this request from then on.
   */
  hold(response: ServerResponse, bytes: number): void;
}

/** @param most bytes of all bodies together, those of at most 64 KiB left aside. Default: a share of the memory. */
export function createBodyRoom(most = defaultRoomBytes()): BodyRoom {
  const held = new Map<ServerResponse, number>();
  const watched = new WeakSet<Socket>();
  let total = 0;

  const release = (response: ServerResponse): void => {
    total -= held.get(response) ?? 0;
    held.delete(response);
  };

  /** An answer that waits for its turn on a connection is not told that the connection has ended. */
  const watch = (socket: Socket): void => {
    if (watched.has(socket)) return;
    watched.add(socket);
    socket.once('close', () => {
      for (const response of held.keys()) if (response.req.socket === socket) release(response);
    });
  };

  return {
    hold(response, bytes) {
      if (bytes <= SMALL_BYTES) return;
      const { socket } = response.req;
      // No end would be told of that has been already.
      if (response.destroyed || socket.destroyed) return;
      const before = held.get(response);
      const others = total - (before ?? 0);
      if (bytes <= (before ?? 0)) return;
      if (others > 0 && others + bytes > most) {
        release(response);
        throw new AppError('overloaded', 'Too many large requests are under way. Send this one again in a second.', {
          retryAfterMs: RETRY_AFTER_MS,
        });
      }
      total = others + bytes;
      held.set(response, bytes);
      if (before !== undefined) return;
      response.once('close', () => release(response));
      watch(socket);
    },
  };
}

/**
 * What there is room for unless more or less is configured: a share of what the container may use, or of the machine's
 * memory.
 */
export function defaultRoomBytes(constrained = process.constrainedMemory(), machine = totalmem()): number {
  // Without a limit it is 0, or a number beyond every machine.
  return Math.floor((constrained > 0 ? Math.min(constrained, machine) : machine) * SHARE_OF_MEMORY);
}
