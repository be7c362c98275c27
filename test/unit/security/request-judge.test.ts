import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRequestJudge, createVendorJudge } from '../../../shared/security/request-judge.ts';
import { createUrlGuard } from '../../../shared/security/url-guard.ts';
import { guardCase, urlCases } from '../../support/url-cases.ts';

/** Pieces that URLs are quarrelled about. */
const piece = fc.constantFrom(
  ...['', '/', '//', '.', '..', '/..', '/./', '?', '#', '@', ':', ':443', ':8443', ';', '%2e', '%2F', '\\', ' ', '\t'],
  ...[
    'a',
    'v1',
    '/v1',
    'chat',
    '-',
    '_',
    "'",
    '"',
    '<',
    '|',
    '{',
    '^',
    '[',
    ']',
    '*',
    '!',
    '~',
    '+',
    '=',
    '&',
    '$',
    'ä',
  ],
);
const tail = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

describe('createRequestJudge', () => {
  it.each(Object.keys(urlCases.targets))('says what the guard says, in every spelling (%s)', (name) => {
    const { target, production } = guardCase(name);
    const guard = createUrlGuard({ production });
    const judge = createRequestJudge(guard, target);
    const start = fc.constantFrom(target.origin, target.origin + (target.path ?? ''), `${target.origin}/api/chat`);
    fc.assert(
      fc.property(start, tail, (before, after) => {
        expect(judge(before + after)).toEqual(guard.judgeUrl(before + after, target));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(Object.keys(urlCases.targets))('says what the guard says about the table (%s)', (name) => {
    const { target, production } = guardCase(name);
    const guard = createUrlGuard({ production });
    const judge = createRequestJudge(guard, target);
    for (const url of [...urlCases.allowed, ...urlCases.denied].flatMap(({ urls }) => urls)) {
      expect(judge(url)).toEqual(guard.judgeUrl(url, target));
    }
  });

  it('judges the base once and a usual request by its text', () => {
    const { target } = guardCase('production base path');
    const guard = createUrlGuard({ production: true });
    const judgeUrl = vi.spyOn(guard, 'judgeUrl');
    const judge = createRequestJudge(guard, target);
    for (const rest of ['/chat/completions', '/models/gemini-2.5:streamGenerateContent?alt=sse', '', '/']) {
      expect(judge(`${target.origin}/v1${rest}`).allowed).toBe(true);
    }
    expect(judgeUrl).toHaveBeenCalledTimes(1);
    judge(`${target.origin}/v1/../admin`);
    expect(judgeUrl).toHaveBeenCalledTimes(2);
  });

  it('takes no short way to a target that is refused itself', () => {
    const { target } = guardCase('development localhost');
    const judge = createRequestJudge(createUrlGuard({ production: true }), target);
    expect(judge(`${target.origin}/api/chat`)).toEqual({ allowed: false, reason: 'scheme' });
  });
});

describe('createVendorJudge', () => {
  it('says what the guard says, in every spelling and however often', () => {
    const guard = createUrlGuard({ production: true });
    const judge = createVendorJudge(guard);
    const origins = ['https://api.openai.com', 'https://API.openai.com', 'http://api.openai.com', 'https://10.0.0.5'];
    const start = fc.constantFrom(...origins, 'https://localhost', 'https://api.openai.com:8443', 'https:/', '');
    for (const origin of origins) judge(`${origin}/v1`);
    fc.assert(
      fc.property(start, tail, (before, after) => {
        expect(judge(before + after)).toEqual(guard.judgePublicUrl(before + after));
      }),
      { numRuns: 3_000 },
    );
  });

  it('judges a host in full once', () => {
    const guard = createUrlGuard({ production: true });
    const judgePublicUrl = vi.spyOn(guard, 'judgePublicUrl');
    const judge = createVendorJudge(guard);
    for (let count = 0; count < 3; count += 1) judge('https://api.openai.com/v1/chat/completions');
    expect(judgePublicUrl).toHaveBeenCalledTimes(1);
    for (let count = 0; count < 3; count += 1) judge('https://localhost/v1');
    expect(judgePublicUrl).toHaveBeenCalledTimes(4);
  });

  it('remembers a limited number of hosts and judges the rest each time', () => {
    const guard = createUrlGuard({ production: true });
    const judgePublicUrl = vi.spyOn(guard, 'judgePublicUrl');
    const judge = createVendorJudge(guard);
    for (let host = 0; host < 300; host += 1) judge(`https://h${host}.example.com/x`);
    judgePublicUrl.mockClear();
    expect(judge('https://h299.example.com/x').allowed).toBe(true);
    expect(judge('https://h0.example.com/x').allowed).toBe(true);
    expect(judgePublicUrl).toHaveBeenCalledTimes(1);
  });
});
