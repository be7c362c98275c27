import { describe, expect, it } from 'vitest';
import { createSchemaCheck } from '../../../../shared/app/chat/schema-check.ts';

/** Definitions each of which refers to the next one twice: the work doubles with every one of them. */
function doubling(count: number): Record<string, unknown> {
  const steps = Array.from({ length: count }, (_, index) => {
    const next = { $ref: `#/$defs/step${index + 1}` };
    return [`step${index}`, { allOf: [next, next] }];
  });
  const last = [`step${count}`, { type: 'object', required: ['answer'] }];
  return { $defs: Object.fromEntries([...steps, last]), $ref: '#/$defs/step0' };
}

describe("a check against a caller's schema", () => {
  it('says what is wrong with a value, through definitions too', async () => {
    const check = await createSchemaCheck(doubling(3));
    expect(check({})).toBe("the answer must have required property 'answer'");
    expect(check({ answer: 1 })).toBeUndefined();
  });

  it('is given up when it does not end, and not begun again for the next answer', async () => {
    const check = await createSchemaCheck(doubling(60));
    expect(check({ answer: 1 })).toBeUndefined();
    // This one would be found at the first step; nobody looks any more.
    expect(check({})).toBeUndefined();
  });

  it.each([
    ['refers to itself alone', { $ref: '#' }],
    ['refers to nothing', { $ref: '#/$defs/nowhere' }],
    ['is spelled as no draft knows', { type: 'something' }],
  ])('checks nothing for a schema that %s', async (_, schema) => {
    expect((await createSchemaCheck(schema))({})).toBeUndefined();
  });
});
