import { toVariableName } from '../../../shared/secrets/environment-secrets.ts';
import { secretOfVariable } from '../../infrastructure.ts';
import { type Check, type Finding, fine, problem, warning } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';

const ROLE = 'roles/secretmanager.secretAccessor';

/** Whether each secret has a value, and each function that needs it may read it. */
export const secretsCheck: Check<ProjectScene> = {
  name: 'secrets',
  async run(scene) {
    const { needs, names, ask, askRoles, accountOf } = scene;
    const ofVariables = needs.variables.map(secretOfVariable);
    const secrets = [...new Set([...needs.secrets, ...ofVariables])].sort();
    const findings = await Promise.all(secrets.map(look));
    return findings.flat();

    async function look(secret: string): Promise<readonly Finding[]> {
      const [versions, roles] = await Promise.all([
        ask<readonly unknown[]>('secrets', 'versions', 'list', secret, '--filter=state=enabled', '--limit=1'),
        askRoles('secrets', 'get-iam-policy', secret),
      ]);
      const known = { ...names, SECRET: secret, VARIABLE: toVariableName(secret) };
      if (!versions.ok && versions.reason !== 'absent') return [cannotLook(secret, versions, scene)];
      if (!versions.ok && !needs.secrets.includes(secret)) {
        const detail = `does not exist; fine where ${known.VARIABLE} is a plain value under \`environment\` in the tfvars`;
        return [warning(secret, detail, 'secret', known)];
      }
      if (!versions.ok || versions.value.length === 0) {
        return [problem(secret, versions.ok ? 'has no value that is enabled' : 'does not exist', 'secret', known)];
      }
      if (!roles.ok) return [fine(secret, 'has a value'), cannotLook(`readers of ${secret}`, roles, scene)];
      const readers = new Set(roles.value.get(ROLE));
      const missing = readersOf(secret).filter((name) => !readers.has(`serviceAccount:${accountOf(name)}`));
      if (missing.length === 0) return [fine(secret, 'has a value, and its readers')];
      return missing.map((name) =>
        problem(secret, `${name} may not read it`, 'secret-reader', { ...known, ACCOUNT: accountOf(name) }),
      );
    }

    function readersOf(secret: string): readonly string[] {
      // Variables are in every environment. A gateway that is not deployed has no account.
      return Object.entries(needs.functions)
        .filter(([, { secrets: own }]) => own.includes(secret) || ofVariables.includes(secret))
        .map(([name]) => name)
        .filter((name) => name !== 'gateway');
    }
  },
};
