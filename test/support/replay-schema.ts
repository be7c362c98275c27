import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { loadSchema } from './recordings.ts';

/** Compiled on first use; null when the schemas are not there. */
const validators = new Map<string, ValidateFunction | null>();

/** What the first body that OpenAI's schemas refuse is refused for; undefined when all pass or there is no schema. */
export function findSchemaProblem(bodies: readonly unknown[]): string | undefined {
  for (const body of bodies) {
    const validate = validator(schemaOf(body as Readonly<Record<string, unknown>>));
    if (validate && !validate(body)) {
      const [problem] = validate.errors ?? [];
      return `${problem?.instancePath} ${problem?.message} ${JSON.stringify(problem?.params)}`;
    }
  }
  return undefined;
}

function schemaOf(body: Readonly<Record<string, unknown>>): string {
  if ('error' in body) return 'error';
  return body.object === 'chat.completion.chunk' ? 'chat-completion-chunk' : 'chat-completion-response';
}

function validator(name: string): ValidateFunction | null {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const schema = loadSchema(name);
  const compiled = schema
    ? new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
    : null;
  validators.set(name, compiled);
  return compiled;
}
