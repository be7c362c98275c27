import { type Check, type Finding, fine, problem, warning } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';

const ROLE = 'roles/run.invoker';
const EVERYBODY = ['allUsers', 'allAuthenticatedUsers'];

/** Whether those may call who should, and nobody else: each function, and the private Ollama. */
export const callersCheck: Check<ProjectScene> = {
  name: 'callers',
  async run(scene) {
    const { needs, region, names, nameOf, accountOf, askRoles } = scene;
    const invokersOf = (service: string) =>
      askRoles('run', 'services', 'get-iam-policy', service, `--region=${region}`);
    const functions = Object.entries(needs.functions).filter(([name]) => name !== 'gateway');
    const findings = await Promise.all([
      ...functions.map(([name, { trigger }]) => lookAtFunction(nameOf(name), trigger === 'http')),
      ...(needs.needs_ollama ? [lookAtOllama()] : []),
    ]);
    return findings.flat();

    async function lookAtFunction(service: string, isHttp: boolean): Promise<readonly Finding[]> {
      const roles = await invokersOf(service);
      // That it is not deployed is told by another check.
      if (!roles.ok) return roles.reason === 'absent' ? [] : [cannotLook(service, roles, scene)];
      const members = roles.value.get(ROLE) ?? [];
      const isOpen = members.some((member) => EVERYBODY.includes(member));
      const known = { ...names, SERVICE: service };
      if (isHttp && needs.auth_mode === 'api_key') {
        return isOpen
          ? [fine(service, 'lets everybody knock; keys decide')]
          : [
              warning(service, 'asks for keys, and Cloud Run lets nobody come that far', 'caller-invoker', {
                ...known,
                MEMBER: 'allUsers',
              }),
            ];
      }
      if (isOpen) return [problem(service, 'is open to everybody', 'open', known)];
      if (members.length === 0) return [warning(service, 'lets nobody in', 'caller-invoker', known)];
      return [fine(service, `lets in ${members.length === 1 ? 'one caller' : `${members.length} callers`}`)];
    }

    async function lookAtOllama(): Promise<readonly Finding[]> {
      const service = nameOf('ollama');
      const roles = await invokersOf(service);
      const known = { ...names, SERVICE: service };
      if (!roles.ok) {
        return roles.reason === 'absent'
          ? [problem(service, 'is not deployed; `ollama` in the tfvars makes it', 'not-deployed', known)]
          : [cannotLook(service, roles, scene)];
      }
      const members = roles.value.get(ROLE) ?? [];
      if (members.some((member) => EVERYBODY.includes(member))) {
        return [problem(service, 'is open to everybody', 'open', known)];
      }
      const missing = functions
        .filter(([name, { ollama }]) => ollama && !members.includes(`serviceAccount:${accountOf(name)}`))
        .map(([name]) => accountOf(name));
      if (missing.length === 0) return [fine(service, 'lets in the functions that call it')];
      return missing.map((account) =>
        problem(service, `does not let in ${account}`, 'ollama-invoker', { ...known, ACCOUNT: account }),
      );
    }
  },
};
