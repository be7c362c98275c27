import { type Check, type Finding, fine, problem } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';

/** Whether each function's account has the roles over the project that its work takes. */
export const rolesCheck: Check<ProjectScene> = {
  name: 'roles',
  async run(scene) {
    const { project, needs, names, askRoles, accountOf } = scene;
    const roles = await askRoles('projects', 'get-iam-policy', project);
    if (!roles.ok) return [cannotLook('roles', roles, scene)];
    const wanted = Object.entries(needs.functions)
      .filter(([name]) => name !== 'gateway')
      .flatMap(([name, { firestore, vertexai }]) => [
        ...(firestore ? [{ name, role: 'roles/datastore.user' }] : []),
        ...(vertexai ? [{ name, role: 'roles/aiplatform.user' }] : []),
      ]);
    return wanted.map(({ name, role }): Finding => {
      const account = accountOf(name);
      return roles.value.get(role)?.includes(`serviceAccount:${account}`)
        ? fine(account, role)
        : problem(account, `lacks ${role}`, 'role', { ...names, ACCOUNT: account });
    });
  },
};
