import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { runCell } from '../../../scripts/faults/cell.ts';
import { ANSWERS, breaks, type Fault, fails, type Outcome } from '../../../scripts/faults/fault.ts';
import { type Cell, FAULTS, type Verdict } from '../../../scripts/faults/matrix.ts';
import { isWrong, toReport } from '../../../scripts/faults/report.ts';
import type { FaultParts } from '../../../scripts/faults/scene.ts';
import { SECRET_WORDS } from '../../../scripts/faults/vendor-wire.ts';
import { faultParts } from '../../support/fault-parts.ts';

const COMMAND = fileURLToPath(new URL('../../../scripts/faults.ts', import.meta.url));
const TSX = createRequire(import.meta.url).resolve('tsx');

function findFault(name: string): Fault {
  const fault = FAULTS.find((candidate) => candidate.name === name);
  if (!fault) throw new Error(`There is no fault ${name}.`);
  return fault;
}

/** The fault as it is, with something else expected of it. */
function expecting(name: string, outcome: Outcome): Fault {
  const { plain, streamed } = findFault(name);
  return {
    name,
    ...(plain ? { plain: { ...plain, outcome } } : {}),
    ...(streamed ? { streamed: { ...streamed, outcome } } : {}),
  };
}

function toCell(fault: Fault, fields: Partial<Cell> = {}): Cell {
  return { provider: 'openai', fault, streamed: false, position: 'first', ...fields };
}

/** A gateway that asks nobody and answers everybody the same. */
async function startImpostor(status: number, body: string, headers: Record<string, string>) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers);
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    logged: [{ message: 'a line', error: SECRET_WORDS }],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function withImpostor(status: number, body: string, headers: Record<string, string>): FaultParts {
  return { ...faultParts, startGateway: () => startImpostor(status, body, headers) };
}

describe('the judge of the matrix', () => {
  it.each([
    { name: '503', outcome: ANSWERS, seen: 'ok via leg 2', expected: 'ok via leg 1' },
    { name: '503', outcome: fails('invalid_request'), seen: 'ok via leg 2', expected: '400 invalid_request' },
    { name: '400', outcome: fails('server_error'), seen: '400 invalid_request', expected: 'ok via leg 2' },
    { name: '400', outcome: breaks('network'), seen: '400 invalid_request', expected: 'event network' },
  ])('sees $seen where $expected was due', async ({ name, outcome, seen, expected }) => {
    const verdict = await runCell(faultParts, toCell(expecting(name, outcome)));
    expect(verdict).toMatchObject({ seen, expected });
    expect(verdict.problems.length).toBeGreaterThan(2);
  });

  it('sees that a leg failed for another reason than it had', async () => {
    const verdict = await runCell(faultParts, toCell(expecting('503', fails('rate_limit'))));
    expect(verdict.seen).toBe(verdict.expected);
    expect(verdict.problems).toEqual([
      'failed legs in the log: ["server_error"] instead of ["rate_limit"]',
      'attempts: ["server_error","ok"] instead of ["rate_limit","ok"]',
    ]);
  });

  it('sees words of an upstream in an answer and in the log, and what an answer lacks', async () => {
    const body = JSON.stringify({ error: { message: SECRET_WORDS } });
    const parts = withImpostor(503, body, { 'content-type': 'text/html' });
    const { problems } = await runCell(parts, toCell(findFault('503'), { position: 'only' }));
    expect(problems).toEqual(
      expect.arrayContaining([
        'the content type is text/html',
        'requests: [0] instead of [1]',
        'there is no x-request-id',
        'the error has no param',
        'the answer holds an upstream’s words',
        'the log holds an upstream’s words',
      ]),
    );
  });

  it('sees a stream that just stops', async () => {
    const body = 'data: {"choices":[{"delta":{"content":"Grüße "}}]}\n\n';
    const parts = withImpostor(200, body, { 'content-type': 'text/event-stream' });
    const cell = toCell(findFault('end without a terminal event'), { streamed: true });
    expect((await runCell(parts, cell)).problems).toContain('the stream has not one end');
  });
});

test('the report has a row per fault, marks what is wrong and says why', () => {
  const right: Verdict = { seen: 'ok via leg 2', expected: 'ok via leg 2', problems: [] };
  const wrong: Verdict = { seen: 'ok via leg 1', expected: 'event network', problems: ['text: it is another one'] };
  const cell = toCell(findFault('503'));
  const results = [
    { cell, verdict: right },
    { cell: { ...cell, streamed: true }, verdict: wrong },
  ];
  expect(results.map(isWrong)).toEqual([false, true]);
  expect(toReport(results).split('\n')).toEqual([
    'openai  whole, first  whole, middle  whole, only  stream, first   stream, middle  stream, only',
    '503     ok via leg 2  ·              ·            ✗ ok via leg 1  ·               ·',
    '',
    '✗ openai, 503, streamed, first leg: ok via leg 1, expected event network',
    '    text: it is another one',
    '',
    '2 cells, 1 of them not as they must be.',
  ]);
});

describe('the command', () => {
  const run = (...parameters: string[]) =>
    spawnSync(process.execPath, ['--import', TSX, COMMAND, ...parameters], { encoding: 'utf8', timeout: 110_000 });

  it('prints the table and ends by itself', () => {
    const { status, signal, stdout, stderr } = run('--provider', 'anthropic', '--fault', 'end without a terminal');
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    expect(stdout).toMatch(/^anthropic .*stream, first .*\nend without a terminal event .*event server_error/);
    expect(stdout).toContain('3 cells, 0 of them not as they must be.');
  });

  it('says which providers there are when it is asked for another one', () => {
    const { status, stderr } = run('--provider', 'opneai');
    expect(status).toBe(2);
    expect(stderr).toContain('There is no provider opneai.');
    expect(stderr).toContain('--provider NAME  openai, xai,');
  });
});
