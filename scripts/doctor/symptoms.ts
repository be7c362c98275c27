import { ADVICE, type AdviceId } from './advice.ts';

/** What people come with, and the advice for each cause of it. */
export interface Symptom {
  readonly seen: string;
  readonly causes: readonly {
    /** Fields of the line that the log has then; a test makes each of them happen. */
    readonly line: Readonly<Record<string, string | number | boolean>>;
    readonly advice: AdviceId;
  }[];
}

const chat = (status: number, code: string) => ({ message: `POST /v1/chat/completions ${status}`, code });
const leg = (code: string, more: Readonly<Record<string, string | number>> = {}) => ({
  message: 'leg failed',
  code,
  ...more,
});

export const SYMPTOMS: readonly Symptom[] = [
  {
    seen: '401',
    causes: [
      { line: chat(401, 'authentication'), advice: 'caller-key' },
      { line: leg('authentication', { upstream_status: 401 }), advice: 'key-refused' },
    ],
  },
  {
    seen: '403',
    causes: [
      { line: chat(403, 'permission'), advice: 'caller-permission' },
      { line: leg('permission', { upstream_status: 403 }), advice: 'key-forbidden' },
    ],
  },
  {
    seen: '429',
    causes: [
      { line: chat(429, 'rate_limit'), advice: 'rate-limit' },
      { line: leg('quota_exceeded', { upstream_status: 402 }), advice: 'quota' },
    ],
  },
  { seen: 'budget exceeded', causes: [{ line: chat(429, 'budget_exceeded'), advice: 'budget' }] },
  { seen: 'timeout', causes: [{ line: leg('timeout'), advice: 'unreachable' }] },
  {
    seen: 'model not found',
    causes: [
      { line: chat(404, 'model_not_found'), advice: 'model' },
      { line: leg('model_not_found', { provider: 'ollama', upstream_status: 404 }), advice: 'ollama-model' },
    ],
  },
  {
    seen: 'Ollama not reachable',
    causes: [
      { line: leg('network', { provider: 'ollama' }), advice: 'ollama-down' },
      { line: { message: 'request blocked', reason: 'private', target: 'ollama' }, advice: 'blocked' },
    ],
  },
  {
    seen: 'missing index',
    causes: [{ line: { message: 'POST /v1/search 503', code: 'configuration' }, advice: 'index' }],
  },
  {
    seen: 'nothing ingested',
    causes: [{ line: { message: 'POST /v1/documents 500', code: 'configuration' }, advice: 'foreign-model' }],
  },
  { seen: 'empty search', causes: [{ line: { message: 'POST /v1/search 200', results: 0 }, advice: 'search-empty' }] },
  { seen: 'stream cut', causes: [{ line: { message: 'leg broke off', code: 'network' }, advice: 'stream-cut' }] },
];

/** The table of the section "Troubleshooting" in the README. */
export function symptomTable(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = SYMPTOMS.flatMap(({ seen, causes }) =>
    causes.map(({ line, advice }) => {
      const { means, cure, run } = ADVICE[advice];
      return `| ${seen} | \`${cell(JSON.stringify(line))}\` | ${cell(means)} | ${cell(cure)} \`${cell(run)}\` |`;
    }),
  );
  return ['| you see | the log has | it means | do |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
