import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';
import { createMetricsSink, observeProcess } from '../../../shared/telemetry/metrics-sink.ts';
import { refuse, startEconomy } from '../../support/economy.ts';

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const section = readme.slice(readme.indexOf('\n## Watch it'), readme.indexOf('\n## Troubleshooting'));

/** Times, sizes and prices are another's on another day. */
const masked = (line: object): unknown =>
  JSON.parse(JSON.stringify(line, (key, value) => (typeof value === 'number' && key !== 'leg' ? 0 : value)));

test('the lines that the README shows are those of such a call', async () => {
  const economy = await startEconomy({
    upstreams: ['openai', 'anthropic'],
    environment: { GOOGLE_CLOUD_PROJECT: 'my-project' },
    monotonicNow: () => performance.now(),
    yaml: ({ openai, anthropic }) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: key, endpoint: "${openai}"}
      - {provider: anthropic, model: claude-haiku-4-5, api_key: key, endpoint: "${anthropic}"}
auth: {mode: api_key, keys: [{name: web, key: "a-key-of-web-0123456789", tenant: acme}]}`,
  });
  economy.always('openai', refuse(500));
  await economy.chat(
    { stream: true },
    {
      authorization: 'Bearer a-key-of-web-0123456789',
      traceparent: '00-06796866738c859f2f19b7cfb3214824-00f067aa0ba902b7-01',
      'x-request-id': '0f8fad5b-d9cb-469f-a165-70867728950e',
    },
  );
  const shown = [...section.matchAll(/^\{.*"severity".*\}$/gm)].map(([line]) => JSON.parse(line) as object);
  expect(shown).toHaveLength(3);
  expect(shown.map(masked)).toEqual(economy.server.logged.slice(-3).map(masked));
});

test('the metrics in the README are those that there are, with their labels', () => {
  const metrics = createMetrics();
  observeProcess(metrics);
  createMetricsSink({ metrics, labelOf: ({ model }) => model, tracksTokens: true, tracksCost: true });
  const rows = [...section.matchAll(/^\| `((?:llm|sluice|process)_\w+)`(?: \{([\w, ]*)\})? +\|/gm)];
  const documented = rows.map(([, name, labels]) => [name, labels ?? '']);
  const actual = metrics.families().map(({ name, labels = [] }) => [name, labels.join(', ')]);
  expect(documented.sort()).toEqual(actual.sort());
});
