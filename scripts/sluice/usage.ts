import type { UsageFigures, UsageReport } from '../../shared/app/accounting/usage-service.ts';
import { createClient } from './client.ts';
import { COMMON_HELP, COMMON_OPTIONS, type Command, EXIT, parse, toInteger, UsageError } from './command.ts';
import { createPaint, type Paint, plain, toCount, toDollars, toJsonText, toTable } from './terminal.ts';

const HELP = `Usage: sluice usage [--days 30] [--by provider|model|agent|tenant|key]

Requests, tokens and cost: today, day by day, what is left of the limits, and by whom.

  --days N         days to look back, 1 to 90. Default: 30
  --by DIMENSION   what to break the period down by. Default: model
${COMMON_HELP}`;

const DIMENSIONS = ['provider', 'model', 'agent', 'tenant', 'key'];
const BAR_WIDTH = 24;
const HEADINGS = ['REQUESTS', 'TOKENS IN', 'TOKENS OUT', 'COST'];

export const usage: Command = {
  summary: 'requests, tokens and cost, day by day',
  help: HELP,

  async run(args, { environment, terminal, signal }) {
    const { values } = parse(args, { ...COMMON_OPTIONS, days: { type: 'string' }, by: { type: 'string' } });
    const days = toInteger('days', values.days, { min: 1, max: 90 }) ?? 30;
    const by = values.by ?? 'model';
    if (!DIMENSIONS.includes(by)) throw new UsageError(`--by is one of ${DIMENSIONS.join(', ')}.`);
    const client = await createClient({ ...values, environment });
    const report = await client.json<UsageReport>('chat', { method: 'GET', path: `/v1/usage?days=${days}`, signal });
    const text = values.json ? toJsonText(report) : describe(report, by, createPaint(terminal.output, environment));
    terminal.output.write(`${text}\n`);
    return EXIT.ok;
  },
};

function describe(report: UsageReport, by: string, paint: Paint): string {
  const { today, period, days, limits, resets_at: resetsAt } = report;
  const sections = [
    toTable(
      ['', ...HEADINGS],
      [
        [`today ${today.day}`, ...toCells(today)],
        [`${period.days} days`, ...toCells(period)],
      ],
      paint,
    ),
  ];
  const figures = period.by?.[by as keyof typeof period.by];
  const labels = Object.entries(figures ?? {}).sort(([, left], [, right]) => right.total_tokens - left.total_tokens);
  if (labels.length > 0) {
    const rows = labels.map(([label, totals]) => [plain(label) || '(none)', ...toCells(totals)]);
    sections.push(toTable([by.toUpperCase(), ...HEADINGS], rows, paint));
  }
  const used = days.filter(({ requests }) => requests > 0);
  if (used.length > 1) sections.push(used.map((day) => toBar(day, used, paint)).join('\n'));
  for (const { name, unit, limit, used: spent, left } of limits) {
    const amount = (value: number): string => (unit === 'usd' ? toDollars(value) : toCount(value));
    sections.push(`${name}: ${amount(spent)} of ${amount(limit)}, ${amount(left)} left until ${resetsAt}`);
  }
  if (period.unpriced > 0) {
    sections.push(`${toCount(period.unpriced)} requests to models without a known price are not in the cost.`);
  }
  return sections.join('\n\n');
}

function toCells(figures: UsageFigures): string[] {
  return [
    toCount(figures.requests),
    toCount(figures.prompt_tokens),
    toCount(figures.completion_tokens),
    figures.cost_usd === null ? 'not tracked' : toDollars(figures.cost_usd),
  ];
}

function toBar(day: UsageReport['days'][number], days: UsageReport['days'], paint: Paint): string {
  const most = Math.max(1, ...days.map(({ total_tokens: tokens }) => tokens));
  const length = Math.max(1, Math.round((day.total_tokens / most) * BAR_WIDTH));
  return `${day.day}  ${paint('cyan', '█'.repeat(length).padEnd(BAR_WIDTH))}  ${toCount(day.total_tokens)} tokens`;
}
