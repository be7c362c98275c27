import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createLog, describeError, type Severity } from '../../../shared/telemetry/log.ts';

function record(minimum?: Severity) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), ...(minimum === undefined ? {} : { minimum }) });
  return { log, lines };
}

describe('the log', () => {
  it('writes one JSON object per line', () => {
    const { log, lines } = record();
    log('INFO', 'GET /health\n200', { status: 200, missing: undefined, text: 'a\nb\u2028c' });
    log('ERROR', 'failed');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(lines[0] as string)).toEqual({
      severity: 'INFO',
      message: 'GET /health\n200',
      status: 200,
      text: 'a\nb\u2028c',
    });
    expect(JSON.parse(lines[1] as string)).toEqual({ severity: 'ERROR', message: 'failed' });
  });

  it.each<[Severity | undefined, Severity[]]>([
    [undefined, ['INFO', 'WARNING', 'ERROR']],
    ['DEBUG', ['DEBUG', 'INFO', 'WARNING', 'ERROR']],
    ['WARNING', ['WARNING', 'ERROR']],
    ['ERROR', ['ERROR']],
  ])('with the minimum %s writes %j', (minimum, expected) => {
    const { log, lines } = record(minimum);
    for (const severity of ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const) log(severity, 'x');
    expect(lines.map((line) => JSON.parse(line).severity)).toEqual(expected);
  });

  it('never throws for what JSON cannot hold', () => {
    const { log, lines } = record();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log('INFO', 'circle', circle);
    log('WARNING', 'big', { count: 1n });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ severity: 'INFO', message: 'circle' }),
      expect.objectContaining({ severity: 'WARNING', message: 'big' }),
    ]);
  });
});

describe('an error in the log', () => {
  it('has the message of our own errors, which hold no secrets', () => {
    expect(describeError(new AppError('timeout', 'Too late.'))).toEqual({
      name: 'AppError',
      code: 'timeout',
      message: 'Too late.',
    });
  });

  it('has name, code and stack of foreign ones, but never their message', () => {
    const error = Object.assign(new TypeError('the prompt was: secret'), { code: 'EPIPE' });
    const described = describeError(error);
    expect(described).toMatchObject({ name: 'TypeError', code: 'EPIPE', stack: expect.any(Array) });
    expect(described.stack).not.toHaveLength(0);
    for (const frame of described.stack as string[]) expect(frame).toMatch(/^at /);
    expect(JSON.stringify(described)).not.toContain('secret');
  });

  it('is not fooled by a message that looks like a stack', () => {
    const error = new Error('upstream said\n    at secret (prompt.ts:1:1)\n    at $& secret');
    const described = describeError(error);
    expect(JSON.stringify(described)).not.toContain('secret');
    expect((described.stack as string[])[0]).toContain('log.test');
  });

  it('has the whole chain of causes', () => {
    const root = Object.assign(new Error('secret'), { code: 'ECONNRESET' });
    const error = new AppError('network', 'No.', { cause: new Error('secret', { cause: root }) });
    const described = describeError(error);
    expect(described).toMatchObject({
      name: 'AppError',
      cause: { name: 'Error', cause: { name: 'Error', code: 'ECONNRESET' } },
    });
    expect(JSON.stringify(described)).not.toContain('secret');
  });

  it('ends for a chain of causes that does not', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(100_000);
  });

  it.each([
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
    [{ key: 'secret' }, 'object'],
  ])('has only the type of %j', (thrown, type) => {
    expect(describeError(thrown)).toEqual({ type });
  });
});
