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
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { ROOT } from './build.ts';
import { readCommandLine, toUsage } from './command-line.ts';
import { type ExamineOptions, examine } from './doctor/examine.ts';
import { toJson, toText } from './doctor/report.ts';

const USAGE = `Usage: npm run doctor                                     the configuration that a start here would use
       npm run doctor -- --config FILE                    another one
       npm run doctor -- --url URL                        a Sluice that runs, as its callers see it
       npm run doctor -- --project ID [--region NAME]     a deployment, looked at with gcloud

  --call               also call every model for one word, which costs a fraction of a cent
  --prefix NAME        of the deployment's resources; with --project
  --environment NAME   of the deployment; with --project
  --json               one object, for programs`;

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
  const values = readArguments(args);
  if (typeof values === 'string') return toUsage(values, USAGE);
  const { config, url, project, region, prefix, environment: deployment, call, json } = values;
  const chosen = { config, url, project, region, prefix, deployment };
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const report = await examine({ environment, root, call, ...tools, ...given });
  return { exitCode: report.exitCode, output: json ? toJson(report) : toText(report) };
}

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readArguments(args: readonly string[]) {
  const given = readCommandLine(args, {
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
  if (typeof given === 'string') return given;
  const { url } = given.values;
  if (url === undefined || /^https?:\/\/[^/]/.test(url)) return given.values;
  return `--url is an address such as https://llm.example.com, not ${url}.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Google's library warns on the terminal that this machine is not Google's.
  process.removeAllListeners('warning');
  const { exitCode, output } = await doctor(process.argv.slice(2), { environment: readEnvironment() });
  process.stdout.write(`${output}\n`);
  process.exitCode = exitCode;
}
