import type { SecretValue } from '../../../shared/config/secret-value.ts';
import { toVariableName } from '../../../shared/secrets/environment-secrets.ts';
import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, type Finding, fine } from '../finding.ts';
import { listLegs, namesOf } from '../targets.ts';

/** Whether every key, connection string and token of the configuration can be had. Their values are not shown. */
export const keysCheck: Check<ConfigurationScene> = {
  name: 'keys',
  async run(scene) {
    const { config, credentials, secrets, file } = scene;
    const targets = [...listLegs(config), ...(config.embeddings === undefined ? [] : [config.embeddings])];
    const ofTargets = targets.flatMap((target) => {
      const subject = `${target.provider}/${target.model}`;
      const names = { ...namesOf(target, file), ...projectOf(scene) };
      if (target.apiKeys.length > 0) return target.apiKeys.map((key) => read(subject, key, names));
      // Tokens of Google's, for Vertex AI and for private services on Cloud Run.
      return [
        credentials.forProvider(target).then(
          (token) => fine(subject, token === undefined ? 'needs no key' : 'has a token of this identity'),
          (error: unknown) => explainError(subject, error, names),
        ),
      ];
    });
    return await Promise.all([...ofTargets, ...listOthers(scene).map(([subject, key]) => read(subject, key))]);

    async function read(subject: string, key: SecretValue, names: ReturnType<typeof namesOf> = {}): Promise<Finding> {
      if ('value' in key) return fine(subject, 'has its key from the environment or the file');
      const secret = key.secret;
      return await secrets.get(secret).then(
        () => fine(subject, `has its key from the secret ${secret}`),
        (error: unknown) =>
          explainError(subject, error, {
            VARIABLE: toVariableName(secret.split('/').at(-1) ?? secret),
            ...names,
            ...projectOf(scene),
            SECRET: secret,
          }),
      );
    }
  },
};

function projectOf({ config }: ConfigurationScene): { readonly PROJECT?: string } {
  return config.project === undefined ? {} : { PROJECT: config.project };
}

/** Secrets of everything that is no model. */
function listOthers({ config }: ConfigurationScene): (readonly [subject: string, key: SecretValue])[] {
  const { vectorstore, cache, tools, observability } = config;
  const values: (readonly [string, SecretValue | undefined])[] = [
    ['qdrant', vectorstore?.provider === 'qdrant' ? vectorstore.apiKey : undefined],
    ['pgvector', vectorstore?.provider === 'pgvector' ? vectorstore.connectionString : undefined],
    ['cache', cache?.url],
    ...tools.flatMap(({ name, headers }) =>
      Object.entries(headers).map(([header, key]) => [`tool ${name}, header ${header}`, key] as const),
    ),
    ...Object.entries(observability.tracing?.headers ?? {}).map(
      ([header, key]) => [`tracing, header ${header}`, key] as const,
    ),
    ['metrics, token', observability.metrics.token],
    ['langfuse, public key', observability.langfuse?.publicKey],
    ['langfuse, secret key', observability.langfuse?.secretKey],
  ];
  return values.flatMap(([subject, key]) => (key === undefined ? [] : [[subject, key] as const]));
}
