import type { Infrastructure } from '../infrastructure.ts';
import type { Place } from './advice.ts';
import { type Finding, unknown } from './finding.ts';
import { ADVICE_FOR, type Answer, askGcloud, type RunCommand } from './gcloud.ts';

/** A Google Cloud project, and what the configuration needs of it. */
export interface ProjectScene {
  readonly project: string;
  readonly region: string;
  /** `prefix` of the tfvars: the function chat is PREFIX-chat. */
  readonly prefix: string;
  readonly needs: Infrastructure;
  /** Names for commands. */
  readonly names: Partial<Readonly<Record<Place, string>>>;
  /** Asks gcloud about this project. */
  ask<T>(...args: readonly string[]): Promise<Answer<T>>;
  /** Members of each role on a resource, by role. */
  askRoles(...args: readonly string[]): Promise<Answer<Roles>>;
  nameOf(functionName: string): string;
  accountOf(functionName: string): string;
}

export type Roles = ReadonlyMap<string, readonly string[]>;

interface Policy {
  readonly bindings?: readonly { readonly role: string; readonly members?: readonly string[] }[];
}

export function openProjectScene({
  project,
  region,
  prefix,
  environment,
  needs,
  run,
}: Pick<ProjectScene, 'project' | 'region' | 'prefix' | 'needs'> & {
  /** What `npm run deploy` is to be given. */
  readonly environment: string;
  readonly run: RunCommand;
}): ProjectScene {
  const ask = <T>(...args: readonly string[]) => askGcloud<T>(run, [...args, `--project=${project}`]);
  return {
    project,
    region,
    prefix,
    needs,
    ask,
    names: { PROJECT: project, REGION: region, ENVIRONMENT: environment, DATABASE: needs.firestore.database },
    async askRoles(...args) {
      const answer = await ask<Policy>(...args);
      if (!answer.ok) return answer;
      const roles = new Map<string, string[]>();
      for (const { role, members = [] } of answer.value.bindings ?? []) {
        roles.set(role, [...(roles.get(role) ?? []), ...members]);
      }
      return { ok: true, value: roles };
    },
    nameOf: (name) => `${prefix}-${name}`,
    accountOf: (name) => `${prefix}-${name}@${project}.iam.gserviceaccount.com`,
  };
}

/** That something could not be looked at, and why. */
export function cannotLook(
  subject: string,
  answer: Answer<unknown> & { readonly ok: false },
  scene: ProjectScene,
): Finding {
  return unknown(subject, `could not look: ${answer.detail}`, ADVICE_FOR[answer.reason], scene.names);
}
