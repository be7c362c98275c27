import { describe, expect, it } from 'vitest';
import { fromStoredText, toStoredText } from '../../../../shared/app/cache/stored-answer.ts';
import { toChoice, toCompletion } from '../../../support/cache-parts.ts';

const answer = {
  provider: 'openai',
  model: 'gpt-test',
  dropped: ['seed'],
  completion: toCompletion(toChoice({ content: 'Grüße 🙂', reasoning_content: 'Hm.' })),
};
const text = toStoredText(answer);
const change = (fields: object): string => JSON.stringify({ ...JSON.parse(text), ...fields });

describe('a stored answer', () => {
  it('comes back as it was', () => {
    expect(fromStoredText(text)).toEqual(answer);
  });

  it('says which version wrote it', () => {
    expect(JSON.parse(text)).toMatchObject({ version: 1 });
  });

  it.each([
    ['no JSON', 'x'],
    ['nothing', ''],
    ['half of it', text.slice(0, -1)],
    ['null', 'null'],
    ['a list', '[]'],
    ['another version', change({ version: 2 })],
    ['no provider', change({ provider: 1 })],
    ['no model', change({ model: null })],
    ['no list of parameters', change({ dropped: 'seed' })],
    ['no completion', change({ completion: null })],
    ['no choices', change({ completion: { id: 'x', choices: [] } })],
    ['a choice without a message', change({ completion: { id: 'x', choices: [{}] } })],
  ])('is not %s', (_what, other) => {
    expect(fromStoredText(other)).toBeUndefined();
  });
});
