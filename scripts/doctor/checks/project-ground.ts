import { type Check, type Finding, fine, problem } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';
import { listServices } from '../services.ts';

/** The project itself: there, paid for, and with its APIs switched on. */
export const groundCheck: Check<ProjectScene> = {
  name: 'project',
  async run(scene) {
    const { project, needs, names, ask } = scene;
    const [described, billing, enabled] = await Promise.all([
      ask<{ readonly lifecycleState?: string }>('projects', 'describe', project),
      ask<{ readonly billingEnabled?: boolean }>('billing', 'projects', 'describe', project),
      ask<readonly { readonly config?: { readonly name?: string } }[]>('services', 'list', '--enabled'),
    ]);
    const findings: Finding[] = [];
    if (!described.ok) {
      findings.push(
        described.reason === 'absent' || described.reason === 'forbidden'
          ? problem(project, 'does not exist, or you may not see it', 'project', names)
          : cannotLook(project, described, scene),
      );
    } else if (described.value.lifecycleState !== undefined && described.value.lifecycleState !== 'ACTIVE') {
      findings.push(problem(project, `is ${described.value.lifecycleState}`, 'project', names));
    } else findings.push(fine(project, 'is there'));

    if (!billing.ok) findings.push(cannotLook('billing', billing, scene));
    else if (billing.value.billingEnabled === true) findings.push(fine('billing', 'has an account'));
    else findings.push(problem('billing', 'no account pays for this project', 'billing', names));

    if (!enabled.ok) return [...findings, cannotLook('APIs', enabled, scene)];
    const on = new Set(enabled.value.map(({ config }) => config?.name));
    const off = listServices(needs).filter((service) => !on.has(service));
    if (off.length === 0) return [...findings, fine('APIs', 'all that are needed are on')];
    return [...findings, ...off.map((service) => problem(service, 'is off', 'api', { ...names, SERVICE: service }))];
  },
};
