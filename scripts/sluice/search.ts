import type { SearchAnswer } from '../../shared/app/search/search-service.ts';
import { createClient } from './client.ts';
import { COMMON_HELP, COMMON_OPTIONS, type Command, EXIT, parse, toInteger, toNumber, UsageError } from './command.ts';
import { createPaint, type Paint, plain, toJsonText } from './terminal.ts';

const HELP = `Usage: sluice search QUERY… [options]

Finds passages of what was ingested, best first, with the words of the query marked.

  -n, --top-k N        how many. Default: the service's, usually 10
  --min-score S        leave out what is less similar, 0 to 1
  --mode MODE          vector, lexical or hybrid. Default: what the store can
  --collection NAME    where to look. Default: default
  --tenant NAME        whose documents
  --filter JSON        as in the API: {"type": "eq", "key": "team", "value": "people"}
  --full               whole passages, not their beginnings
${COMMON_HELP}`;

const MODES = ['vector', 'lexical', 'hybrid'];
const EXCERPT_LENGTH = 300;

type Result = SearchAnswer['data'][number];

export const search: Command = {
  summary: 'find passages of what was ingested',
  help: HELP,

  async run(args, { environment, terminal, signal }) {
    const { values, positionals } = parse(args, {
      ...COMMON_OPTIONS,
      'top-k': { type: 'string', short: 'n' },
      'min-score': { type: 'string' },
      mode: { type: 'string' },
      collection: { type: 'string' },
      tenant: { type: 'string' },
      filter: { type: 'string' },
      full: { type: 'boolean', default: false },
    });
    const query = positionals.join(' ').trim();
    if (query === '') throw new UsageError('Say what to look for: sluice search "days of holiday".');
    if (values.mode !== undefined && !MODES.includes(values.mode)) {
      throw new UsageError(`--mode is one of ${MODES.join(', ')}.`);
    }
    const body = {
      query,
      highlights: true,
      top_k: toInteger('top-k', values['top-k'], { min: 1, max: 1000 }),
      min_score: toNumber('min-score', values['min-score'], { min: 0, max: 1 }),
      mode: values.mode,
      collection: values.collection,
      filter: toFilter(values.filter),
      sluice: values.tenant === undefined ? undefined : { tenant: values.tenant },
    };
    const client = await createClient({ ...values, environment });
    const answer = await client.json<SearchAnswer>('search', { path: '/v1/search', body, signal });
    if (values.json) terminal.output.write(`${toJsonText(answer)}\n`);
    else if (answer.data.length === 0) {
      terminal.errors.write('Nothing was found. Has anything been ingested into this collection?\n');
    } else {
      const paint = createPaint(terminal.output, environment);
      const found = answer.data.map((result, index) => describe(result, index + 1, values.full, paint));
      terminal.output.write(`${found.join('\n\n')}\n`);
    }
    return EXIT.ok;
  },
};

function toFilter(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('--filter is JSON: {"type": "eq", "key": "team", "value": "people"}');
  }
}

function describe(result: Result, rank: number, full: boolean, paint: Paint): string {
  const { title, source } = result.metadata;
  const name = plain(String(title ?? source ?? result.document_id));
  const where = source === undefined || source === name ? '' : paint('dim', `  ${plain(String(source))}`);
  const head = `${String(rank).padStart(2)}  ${paint('cyan', result.score.toFixed(2))}  ${paint('bold', name)}${where}`;
  return `${head}\n${excerpt(result, full, paint).replaceAll(/^/gm, '    ')}`;
}

/** The passage, or the part of it around the first word that was found, with the words marked. */
function excerpt({ content, highlights = [] }: Result, full: boolean, paint: Paint): string {
  const first = highlights[0]?.start ?? 0;
  const from = full || content.length <= EXCERPT_LENGTH ? 0 : Math.max(0, first - EXCERPT_LENGTH / 4);
  const to = full ? content.length : Math.min(content.length, from + EXCERPT_LENGTH);
  let text = from > 0 ? '…' : '';
  let at = from;
  for (const { start, end } of highlights) {
    if (start < at || end > to) continue;
    text += plain(content.slice(at, start)) + paint(['bold', 'yellow'], plain(content.slice(start, end)));
    at = end;
  }
  text += plain(content.slice(at, to)) + (to < content.length ? '…' : '');
  return text.trim().replaceAll(/\s*\n\s*/g, '\n');
}
