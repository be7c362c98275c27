import { AppError } from '../../../shared/contracts/app-error.ts';
import type { AdviceId } from '../advice.ts';
import type { ConfigurationScene } from '../configuration-scene.ts';
import { type Check, type Finding, fine, problem, warning } from '../finding.ts';

/** What the words of a problem or a warning lead to; the first that fits counts. */
const WORDS: readonly (readonly [words: RegExp, id: AdviceId])[] = [
  [/is retired;/, 'retired-host'],
  [/embedding_dimensions|makes vectors of/, 'dimensions'],
  [/has expired|can be guessed/, 'one-key'],
  [/^\s*auth\.keys/, 'auth-keys'],
  [/^\s*auth\.mode/, 'auth-none'],
  [/is missing or empty|is not set|is disabled:/, 'variable'],
];

/** Everything that loading has noticed and that does not keep the service from starting. */
export const settingsCheck: Check<ConfigurationScene> = {
  name: 'settings',
  async run({ config, choices, file }) {
    return [
      fine(config.source, `valid for ${config.production ? 'production' : 'development'}`),
      ...choices.map((choice) => fine('chosen by itself', choice)),
      ...config.warnings.map((line) => {
        const { subject, detail, id } = readLine(line, 'setting');
        return warning(subject, detail, id, { FILE: file, ...variableOf(line) });
      }),
    ];
  },
};

/** A configuration that cannot be loaded, one finding for each line of its error. */
export function explainLoadError(error: unknown, file: string): readonly Finding[] {
  if (!(error instanceof AppError)) throw error;
  const [first = '', ...lines] = error.message.split('\n');
  return (lines.length > 0 ? lines : [first]).map((line) => {
    const { subject, detail, id } = readLine(line, 'configuration');
    return problem(subject, detail, id, { FILE: file, ...variableOf(line) });
  });
}

function readLine(line: string, otherwise: AdviceId): { subject: string; detail: string; id: AdviceId } {
  const id = WORDS.find(([words]) => words.test(line))?.[1] ?? otherwise;
  const [, path, message] = /^\s*([\w.[\]"-]+): (.*)$/s.exec(line) ?? [];
  return { subject: path ?? 'the file', detail: (message ?? line).trim(), id };
}

function variableOf(line: string): { readonly VARIABLE?: string } {
  const name = /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/.exec(line)?.[1];
  return name === undefined ? {} : { VARIABLE: name };
}
