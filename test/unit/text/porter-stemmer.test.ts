import { expect, test } from 'vitest';
import { stem } from '../../../shared/text/porter-stemmer.ts';

// The examples of Porter's article, step by step, and a few whole words.
test.each(
  (
    'caresses:caress ponies:poni ties:ti caress:caress cats:cat feed:feed agreed:agre plastered:plaster bled:bled ' +
    'motoring:motor sing:sing conflated:conflat troubled:troubl sized:size hopping:hop tanned:tan falling:fall ' +
    'hissing:hiss fizzed:fizz failing:fail filing:file happy:happi sky:sky relational:relat conditional:condit ' +
    'rational:ration digitizer:digit differently:differ analogously:analog predication:predic operator:oper ' +
    'feudalism:feudal decisiveness:decis hopefulness:hope callousness:callous sensitivity:sensit triplicate:triplic ' +
    'formative:form formalize:formal electrical:electr hopeful:hope goodness:good revival:reviv allowance:allow ' +
    'inference:infer airliner:airlin adjustable:adjust defensible:defens irritant:irrit replacement:replac ' +
    'adjustment:adjust dependent:depend adoption:adopt communism:commun activate:activ effective:effect probate:probat ' +
    'rate:rate cease:ceas controlling:control roll:roll generalizations:gener oscillators:oscil connected:connect ' +
    'connecting:connect connections:connect'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
)('%s has the stem %s', (word, expected) => {
  expect(stem(word)).toBe(expected);
});

test.each(['is', 'straße', 'sha256s', 'документы', 'don’ts'])('%s is left alone', (word) => {
  expect(stem(word)).toBe(word);
});
