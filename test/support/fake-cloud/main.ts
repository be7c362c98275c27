/** The program behind the stand-ins on PATH: answers from the state file, writes down what it was asked. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type CloudState, gcloud } from './gcloud.ts';
import { type TerraformState, terraform } from './terraform.ts';

const [name = '', ...args] = process.argv.slice(2);
const file = process.env.FAKE_CLOUD ?? '';
const state = JSON.parse(readFileSync(file, 'utf8')) as { cloud: CloudState; terraform: TerraformState };
const takesInput = args.includes('--data-file=-');
const input = takesInput ? readFileSync(0, 'utf8') : '';
appendFileSync(`${file}.log`, `${JSON.stringify({ name, args, input })}\n`);

const result = name === 'gcloud' ? gcloud(args, state.cloud, input) : terraform(args, state.terraform);
// Many ask at once; only who changes something writes.
if (takesInput) writeFileSync(file, JSON.stringify(state));
process.stdout.write(result.output);
process.stderr.write(result.errors);
process.exitCode = result.status;
