import { type Check, type Finding, fine, problem } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';

interface Deployed {
  /** projects/P/locations/L/functions/NAME */
  readonly name: string;
  readonly state?: string;
  readonly stateMessages?: readonly { readonly message?: string }[];
  readonly serviceConfig?: { readonly uri?: string };
}

/** Functions that a deployment may leave out. */
const OPTIONAL: ReadonlySet<string> = new Set(['gateway']);

/** Whether each function is deployed and its last deployment came up. */
export const functionsCheck: Check<ProjectScene> = {
  name: 'functions',
  async run(scene) {
    const { needs, names, nameOf, ask } = scene;
    const listed = await ask<readonly Deployed[]>('functions', 'list');
    if (!listed.ok) return [cannotLook('functions', listed, scene)];
    const byName = new Map(listed.value.map((deployed) => [deployed.name.split('/').at(-1), deployed] as const));
    return Object.keys(needs.functions).flatMap((name): readonly Finding[] => {
      const full = nameOf(name);
      const deployed = byName.get(full);
      if (deployed === undefined) {
        return OPTIONAL.has(name) ? [] : [problem(full, 'is not deployed', 'not-deployed', names)];
      }
      const { state = 'STATE_UNSPECIFIED', stateMessages = [], serviceConfig } = deployed;
      if (state === 'ACTIVE') return [fine(full, serviceConfig?.uri ?? 'is active')];
      const why = stateMessages.map(({ message }) => message).join(' ');
      return [problem(full, `is ${state}. ${why}`.trim(), 'not-running', { ...names, SERVICE: full })];
    });
  },
};
