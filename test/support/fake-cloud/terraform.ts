import type { FakeResult } from './gcloud.ts';

/** Terraform as far as a deployment looks at it. */
export interface TerraformState {
  version: string;
  /** Exit codes of commands that are not to go well, by the command. */
  failing: Record<string, number>;
  /** What there is to change: 2 as `plan -detailed-exitcode` says it, 0 for nothing. */
  changes: 0 | 2;
  outputs: Record<string, { value: unknown }>;
}

export function terraform(args: readonly string[], state: TerraformState): FakeResult {
  const [command = ''] = args;
  const status = state.failing[command];
  if (status !== undefined) return { status, output: '', errors: `Error: ${command} failed` };
  switch (command) {
    case 'version':
      return { status: 0, output: JSON.stringify({ terraform_version: state.version }), errors: '' };
    case 'plan':
      return { status: state.changes, output: 'Plan: 5 to add, 0 to change, 0 to destroy.', errors: '' };
    case 'output':
      return { status: 0, output: JSON.stringify(state.outputs), errors: '' };
    case 'init':
    case 'apply':
      return { status: 0, output: `${command} complete`, errors: '' };
    default:
      return { status: 1, output: '', errors: `this stand-in does not know: terraform ${args.join(' ')}` };
  }
}
