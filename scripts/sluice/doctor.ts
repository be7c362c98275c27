import { doctor as examine } from '../doctor.ts';
import { COMMON_OPTIONS, type Command, EXIT, parse } from './command.ts';

const HELP = `Usage: sluice doctor                                    the configuration that a start here would use
       sluice doctor --config FILE                      another one
       sluice doctor --url URL                          a Sluice that runs, as its callers see it
       sluice doctor --project ID [--region NAME]       a deployment, looked at with gcloud

Says what is missing, and the command for it. With SLUICE_URL it looks at that service.

  --call               also call every model for one word, which costs a fraction of a cent
  --prefix NAME        of the deployment's resources; with --project
  --environment NAME   of the deployment; with --project
  --key KEY            an API key; better in SLUICE_API_KEY
  --json               JSON on standard output, for programs
  -h, --help           this

Exit codes: 0 all is in order, 1 something is wrong, 2 wrong usage, or nothing is known to be wrong but not all could
be looked at, 130 interrupted.`;

/** Options that go to the examination as they are. */
const PASSED_ON = ['config', 'project', 'region', 'prefix', 'environment'] as const;

export const doctor: Command = {
  summary: 'what is missing, and the command for it',
  help: HELP,

  async run(args, { environment, terminal }) {
    const { outputs: _, ...common } = COMMON_OPTIONS;
    const { values } = parse(args, {
      ...common,
      config: { type: 'string' },
      project: { type: 'string' },
      region: { type: 'string' },
      prefix: { type: 'string' },
      environment: { type: 'string' },
      call: { type: 'boolean', default: false },
    });
    const given = PASSED_ON.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
    const isElsewhere = values.config !== undefined || values.project !== undefined;
    const url = values.url ?? (isElsewhere ? undefined : environment.SLUICE_URL || undefined);
    const { exitCode, output } = await examine(
      [
        ...given,
        ...(url === undefined ? [] : ['--url', url.replace(/\/+$/, '').replace(/\/v1$/, '')]),
        ...(values.call ? ['--call'] : []),
        ...(values.json ? ['--json'] : []),
      ],
      { environment: values.key === undefined ? environment : { ...environment, SLUICE_API_KEY: values.key } },
    );
    terminal.output.write(`${output}\n`);
    return exitCode === 0 ? EXIT.ok : exitCode === 1 ? EXIT.failed : EXIT.usage;
  },
};
