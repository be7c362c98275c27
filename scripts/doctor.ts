/**
 * Says what is missing for Sluice to work, and what to run for it.
 *
 *   npm run doctor                                  the configuration that a start here would use
 *   npm run doctor -- --config FILE                 another one
 *   npm run doctor -- --url URL                     a Sluice that runs, as its callers see it
 *   npm run doctor -- --project P [--region R]      a deployment, looked at with gcloud
 *
 * `--call` also calls every model for one word, which shows refused keys and empty accounts and costs a fraction of a
 * cent. `--json` prints one object. For a URL the caller signs in as in `npm run smoke` (SLUICE_API_KEY, SLUICE_ID_TOKEN,
 * gcloud). Exit code 0: all is in order, 1: something is wrong, 2: wrong use, or
 * nothing is known to be wrong but not all could be looked at.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { ROOT } from './build.ts';
import { type ExamineOptions, examine } from './doctor/examine.ts';
import { toJson, toText } from './doctor/report.ts';

const USAGE =
  'Usage: npm run doctor -- [--config FILE] [--url URL] [--project P] [--region R] [--prefix NAME] ' +
  '[--environment NAME] [--call] [--json]';

export interface DoctorOutcome {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

/** The whole command: arguments in, text and exit code out. */
export async function doctor(
  args: readonly string[],
  {
    environment,
    root = ROOT,
    ...tools
  }: { environment: Environment; root?: string } & Pick<ExamineOptions, 'run' | 'fetch'>,
): Promise<DoctorOutcome> {
  const { values, fault } = readArguments(args);
  if (values === undefined) return { exitCode: 2, output: `${fault}\n${USAGE}` };
  const { config, url, project, region, prefix, environment: deployment, call, json } = values;
  const chosen = { config, url, project, region, prefix, deployment };
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const report = await examine({ environment, root, call, ...tools, ...given });
  return { exitCode: report.exitCode, output: json ? toJson(report) : toText(report) };
}

function readArguments(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        url: { type: 'string' },
        project: { type: 'string' },
        region: { type: 'string' },
        prefix: { type: 'string' },
        environment: { type: 'string' },
        call: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.url !== undefined && !/^https?:\/\/[^/]/.test(values.url)) {
      return { fault: `--url is an address such as https://llm.example.com, not ${values.url}.` };
    }
    return { values };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Google's library warns on the terminal that this machine is not Google's.
  process.removeAllListeners('warning');
  const { exitCode, output } = await doctor(process.argv.slice(2), { environment: readEnvironment() });
  process.stdout.write(`${output}\n`);
  process.exitCode = exitCode;
}
