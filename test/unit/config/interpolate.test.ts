import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../shared/config/environment.ts';
import { interpolate, MISSING_VALUE } from '../../../shared/config/interpolate.ts';

const REF = '$' + '{';

function expanded(text: string, environment: Environment = {}): unknown {
  const { value, missing, malformed } = interpolate({ key: text }, environment);
  expect([...missing.keys(), ...malformed]).toEqual([]);
  return (value as { key: unknown }).key;
}

describe('interpolate', () => {
  it('takes the value of a variable as one text, whatever is in it', () => {
    const value = 'a: b # "c"\n';
    expect(expanded(`${REF}X}`, { X: value })).toBe(value);
    expect(expanded(`<${REF}X}|${REF}Y}>`, { X: '1', Y: '2' })).toBe('<1|2>');
  });

  it('never looks at what came out of a variable again', () => {
    expect(expanded(`${REF}X}`, { X: `${REF}Y}`, Y: 'no' })).toBe(`${REF}Y}`);
  });

  it('falls back to the default when the variable is unset or empty', () => {
    expect(expanded(`${REF}X:-us-central1}`)).toBe('us-central1');
    expect(expanded(`${REF}X:-us-central1}`, { X: '' })).toBe('us-central1');
    expect(expanded(`${REF}X:-us-central1}`, { X: 'eu' })).toBe('eu');
    expect(expanded(`${REF}X:-}`)).toBe('');
    expect(expanded(`${REF}X:-a:-b\nc}`)).toBe('a:-b\nc');
  });

  it('keeps a literal reference and lone dollar signs', () => {
    expect(expanded(`$${REF}X}`)).toBe(`${REF}X}`);
    expect(expanded(`$${REF}X} ${REF}X}`, { X: '1' })).toBe(`${REF}X} 1`);
    expect(expanded('costs $5 and $X, } and {')).toBe('costs $5 and $X, } and {');
    expect(expanded(`$$${REF}X}`)).toBe(`$${REF}X}`);
  });

  it.each([
    `${REF}}`,
    `${REF}1X}`,
    `${REF}X`,
    `a ${REF}X:-b`,
    `${REF}X-y}`,
    `${REF} X }`,
    `${REF}A:-${REF}B}}`,
    `${REF}X:?no}`,
  ])('reports %s with its path', (text) => {
    const { malformed } = interpolate({ agents: [{ prompt: text }] }, { X: 'x', A: 'a', B: 'b' });
    expect(malformed).toEqual([{ path: 'agents[0].prompt', message: expect.stringContaining(`$${REF}`) }]);
  });

  it('names the missing variables of each path and keeps the shape of the tree', () => {
    const { value, missing } = interpolate(
      { a: [{ b: `${REF}X}-${REF}Y}` }, 3, true, null], c: `${REF}Z}` },
      { Z: '' },
    );
    expect([...missing]).toEqual([
      ['a[0].b', ['X', 'Y']],
      ['c', ['Z']],
    ]);
    expect(value).toEqual({ a: [{ b: MISSING_VALUE }, 3, true, null], c: MISSING_VALUE });
  });

  it("lets the names of the project's variable stand in for each other", () => {
    expect(expanded(`${REF}GCP_PROJECT_ID}`, { GOOGLE_CLOUD_PROJECT: 'demo' })).toBe('demo');
    expect(expanded(`${REF}GCP_PROJECT_ID}`, { GOOGLE_CLOUD_PROJECT: 'demo', GCP_PROJECT_ID: 'own' })).toBe('own');
  });

  it('leaves every text without a reference alone, and undoes nothing but the escape', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll(REF, '');
        expect(expanded(plain)).toBe(plain);
        expect(expanded(`${plain}|$${REF}${plain}`)).toBe(`${plain}|${REF}${plain}`);
      }),
    );
  });

  it('does not let a key reach the prototype of the result', () => {
    const { value } = interpolate(JSON.parse('{"__proto__": {"polluted": true}}'), {});
    expect((value as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });
});
