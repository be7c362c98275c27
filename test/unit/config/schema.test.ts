import { describe, expect, it } from 'vitest';
import { createProblems } from '../../../shared/config/problems.ts';
import { anyText, flag, number, wholeNumber } from '../../../shared/config/schema/common.ts';
import {
  anything,
  block,
  changed,
  INVALID,
  list,
  oneOf,
  record,
  type Schema,
} from '../../../shared/config/schema/schema.ts';

function read<Value>(described: Schema<Value>, value: unknown) {
  const problems = createProblems();
  const result = described.read(value, { path: ['here'], problems });
  return result === INVALID ? problems.lines : { value: result, problems: problems.lines };
}

const valid = (value: unknown) => ({ value, problems: [] });

describe('the schema of a block', () => {
  const described = block({ name: anyText, size: wholeNumber().optional(), on: flag.optional() });

  it('reads what is written and leaves out what is not', () => {
    expect(read(described, { name: 'a', on: 'false' })).toEqual(valid({ name: 'a', on: false }));
  });

  it('reports every fault at its own path: values in the order of the schema, then unknown keys', () => {
    expect(read(described, { sise: 1, on: 'maybe', size: null })).toEqual([
      'here.name: is required; must be text (quote it if it looks like a number)',
      'here.size: has no value; give it one or remove the line',
      'here.on: must be true or false',
      'here.sise: is not a known key. Did you mean size? Known keys here: name, size, on',
    ]);
  });

  it.each([null, 1, 'text', [], [{ name: 'a' }]])('is no %j', (value) => {
    expect(read(described, value)).toHaveLength(1);
  });

  it.each(['constructor', 'toString', '__proto__'])('does not take %s for a key it knows', (key) => {
    const value = JSON.parse(`{"name": "a", "${key}": 1}`) as unknown;
    expect(read(described, value)).toEqual([expect.stringContaining('is not a known key')]);
  });

  it('does not take what every object inherits for a value', () => {
    expect(read(block({ constructor: anything }), {})).toEqual(valid({}));
  });
});

describe('the schema of a mapping with free keys', () => {
  const described = record(oneOf(['first', 'second']), number({ min: 0 }));

  it('checks keys and values', () => {
    expect(read(described, { first: '1.5' })).toEqual(valid({ first: 1.5 }));
    expect(read(described, { third: 1, second: -1 })).toEqual([
      'here.third: the key "third" is not known here; must be one of first, second',
      'here.second: must be at least 0',
    ]);
  });

  it('drops a key that would change the prototype of a copy', () => {
    const read = record(anyText, anything).read(JSON.parse('{"__proto__": {"x": 1}, "a": 1}'), {
      path: [],
      problems: createProblems(),
    });
    expect(Object.getOwnPropertyNames(read)).toEqual(['a']);
  });
});

describe('the schema of a list', () => {
  it('reports each item at its place', () => {
    expect(read(list(flag), [true, 1, 'false', null])).toEqual([
      'here[1]: must be true or false',
      'here[3]: has no value; give it one or remove the line',
    ]);
  });

  it('says one thing about a list that is none', () => {
    expect(read(list(flag, 'must name one'), 1)).toEqual(['here: must be a list']);
    expect(read(list(flag, 'must name one'), [])).toEqual(['here: must name one']);
    expect(read(list(flag), [])).toEqual(valid([]));
  });
});

describe('the schema of a number', () => {
  it.each([
    ['1', 1],
    ['-0.5', -0.5],
    [2, 2],
  ])('reads %j', (value, expected) => {
    expect(read(number({}), value)).toEqual(valid(expected));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '1e3', '0x1', '', ' 1', true, [1]])('refuses %j', (value) => {
    expect(read(number({}), value)).toEqual(['here: must be a number']);
  });

  it('keeps its bounds', () => {
    expect(read(number({ min: 0, max: 1 }), 2)).toEqual(['here: must be from 0 to 1']);
    expect(read(number({ above: 0 }), 0)).toEqual(['here: must be above 0']);
    expect(read(wholeNumber({ max: 3 }), 1.5)).toEqual(['here: must be a whole number from 1 to 3']);
    expect(read(wholeNumber(), 2 ** 53)).toEqual(['here: must be a whole number of at least 1']);
  });
});

it('reads other ways of writing the same', () => {
  const region = changed((value) => (typeof value === 'string' ? [value] : value), list(anyText));
  expect([read(region, 'eu'), read(region, ['eu', 'us'])]).toEqual([valid(['eu']), valid(['eu', 'us'])]);
});
