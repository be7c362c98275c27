import type { ModelObject } from '../../shared/app/models-service.ts';
import { createClient } from './client.ts';
import { COMMON_HELP, COMMON_OPTIONS, type Command, EXIT, parse, UsageError } from './command.ts';
import { createPaint, plain, toCount, toJsonText, toTable } from './terminal.ts';

const KINDS = ['agent', 'model', 'embedding'];

const HELP = `Usage: sluice models [--kind agent|model|embedding]

Lists what can be asked: agents with their cascade, models, and the embedding model, with windows and prices.
${COMMON_HELP}`;

export const models: Command = {
  summary: 'what can be asked, with windows and prices',
  help: HELP,

  async run(args, { environment, terminal, signal }) {
    const { values } = parse(args, { ...COMMON_OPTIONS, kind: { type: 'string' } });
    if (values.kind !== undefined && !KINDS.includes(values.kind)) {
      throw new UsageError(`--kind is one of ${KINDS.join(', ')}.`);
    }
    const client = await createClient({ ...values, environment });
    const list = await client.json<{ readonly data: readonly ModelObject[] }>('chat', {
      method: 'GET',
      path: '/v1/models',
      signal,
    });
    const data = list.data.filter(({ sluice }) => values.kind === undefined || sluice.kind === values.kind);
    if (values.json) terminal.output.write(`${toJsonText({ ...list, data })}\n`);
    else {
      const rows = data.map(toRow);
      const headings = ['NAME', 'KIND', 'ASKS', 'WINDOW', 'IN', 'OUT', 'PER'];
      terminal.output.write(`${toTable(headings, rows, createPaint(terminal.output, environment))}\n`);
    }
    return EXIT.ok;
  },
};

function toRow({ id, sluice }: ModelObject): string[] {
  const { kind, prices, cascade, context_window: window } = sluice;
  return [
    plain(id),
    kind,
    plain(cascade?.join(' → ') ?? ''),
    window === null ? '–' : toCount(window),
    prices === null ? '–' : `$${prices.input}`,
    prices === null || prices.output === null ? '–' : `$${prices.output}`,
    prices === null ? '' : prices.unit === 'per_1m_tokens' ? '1M tokens' : '1K characters',
  ];
}
