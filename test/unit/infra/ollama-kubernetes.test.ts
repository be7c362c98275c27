import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { contains, parseAddress, toRanges } from '../../../shared/config/cidr.ts';
import { readYamls, type Yaml } from '../../support/infra-files.ts';

const documents = readYamls('kubernetes.yaml');
const one = (kind: string): Yaml => documents.find((document) => document.kind === kind);
const pod: Yaml = one('Deployment').spec.template.spec;
const [server] = pod.containers;
const labels: Yaml = one('Deployment').spec.template.metadata.labels;

const hardened = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
});
const quantities = z.object({ cpu: z.string().regex(/^\d+m?$/), memory: z.string().regex(/^\d+(Mi|Gi)$/) });
const probe = z.object({ httpGet: z.strictObject({ path: z.literal('/api/tags'), port: z.literal('http') }) });

describe('the manifest for a cluster', () => {
  it('has what it takes to run, in its own namespace', () => {
    expect(documents.map(({ kind }) => kind).sort()).toEqual([
      'BackendConfig',
      'Deployment',
      'Ingress',
      'Namespace',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'Service',
      'ServiceAccount',
    ]);
    for (const { kind, metadata } of documents) if (kind !== 'Namespace') expect(metadata.namespace).toBe('ollama');
    expect(one('Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });

  it('runs as somebody who is not root, without capabilities, tokens or a file system to write to', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 10_001,
      fsGroup: 10_001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const container of [...pod.initContainers, ...pod.containers]) {
      expect(hardened.safeParse(container.securityContext).error).toBeUndefined();
      expect(
        z.object({ requests: quantities, limits: quantities }).safeParse(container.resources).error,
      ).toBeUndefined();
    }
    for (const shared of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod).not.toHaveProperty(shared);
    expect(pod.volumes.filter(({ hostPath }: Yaml) => hostPath)).toEqual([]);
  });

  it('can write where it has to: its models on the volume, its key and its scratch space in memory', () => {
    for (const container of [...pod.initContainers, ...pod.containers]) {
      const settingOf = (name: string): string => container.env.find((variable: Yaml) => variable.name === name).value;
      const mounted = new Map(container.volumeMounts.map(({ mountPath, name }: Yaml) => [mountPath, name]));
      const volumeOf = (path: string): Yaml => pod.volumes.find(({ name }: Yaml) => name === mounted.get(path));
      expect(volumeOf(settingOf('OLLAMA_MODELS')).persistentVolumeClaim.claimName).toBe(
        one('PersistentVolumeClaim').metadata.name,
      );
      expect(volumeOf(settingOf('HOME'))).toHaveProperty('emptyDir');
      expect(volumeOf('/tmp')).toHaveProperty('emptyDir');
    }
  });

  it('is probed for what it is there for', () => {
    for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(probe.safeParse(server[name]).error, name).toBeUndefined();
    }
    expect(one('BackendConfig').spec.healthCheck).toMatchObject({ requestPath: '/api/tags', port: 11_434 });
    // A model may take minutes to load.
    expect(one('BackendConfig').spec.timeoutSec).toBeGreaterThanOrEqual(300);
  });

  it('is joined by the names that its parts have for each other', () => {
    const listening = server.env.find(({ name }: Yaml) => name === 'OLLAMA_HOST').value.split(':')[1];
    expect(server.ports).toEqual([{ name: 'http', containerPort: Number(listening) }]);
    for (const selector of [
      one('Deployment').spec.selector.matchLabels,
      one('Service').spec.selector,
      one('NetworkPolicy').spec.podSelector.matchLabels,
    ]) {
      expect(selector).toEqual(labels);
    }
    const [{ http }] = one('Ingress').spec.rules;
    const { service } = http.paths[0].backend;
    expect(one('Service').metadata.name).toBe(service.name);
    expect(one('Service').spec.ports[0]).toMatchObject({ name: service.port.name, targetPort: 'http' });
    expect(JSON.parse(one('Service').metadata.annotations['cloud.google.com/backend-config']).default).toBe(
      one('BackendConfig').metadata.name,
    );
    expect(pod.serviceAccountName).toBe(one('ServiceAccount').metadata.name);
  });
});

describe('the way to the cluster', () => {
  it('is inside the VPC, over https alone, and below the API', () => {
    expect(one('Service').spec.type).toBe('ClusterIP');
    expect(one('Ingress').metadata.annotations).toMatchObject({
      'kubernetes.io/ingress.class': 'gce-internal',
      'kubernetes.io/ingress.allow-http': 'false',
    });
    expect(one('Ingress').spec.tls).toHaveLength(1);
    expect(one('Ingress').spec.rules.flatMap(({ http }: Yaml) => http.paths.map(({ path }: Yaml) => path))).toEqual([
      '/api/',
    ]);
  });

  it('is open to the load balancer and to health checks, and to no other pod', () => {
    const { policyTypes, ingress } = one('NetworkPolicy').spec;
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(ingress).toHaveLength(1);
    for (const from of ingress[0].from) expect(Object.keys(from)).toEqual(['ipBlock']);
    const ranges = toRanges(ingress[0].from.map(({ ipBlock }: Yaml) => ipBlock.cidr));
    expect(ranges).toHaveLength(3);
    const isOpen = (address: string): boolean =>
      ranges.some((range) => contains(range, parseAddress(address) ?? { bits: 32, value: 0n }));
    expect(['35.191.0.1', '130.211.0.1', '10.129.0.9'].map(isOpen)).toEqual([true, true, true]);
    expect(['10.0.0.1', '8.8.8.8', '10.129.2.1'].map(isOpen)).toEqual([false, false, false]);
    expect(ingress[0].ports).toEqual([{ protocol: 'TCP', port: 11_434 }]);
  });

  it('leads out to names and to the registry of models, never to the metadata service or to a neighbour', () => {
    const [, registry] = one('NetworkPolicy').spec.egress;
    expect(registry.ports).toEqual([{ protocol: 'TCP', port: 443 }]);
    const closed = toRanges(registry.to[0].ipBlock.except);
    expect(closed).toHaveLength(registry.to[0].ipBlock.except.length);
    for (const address of [
      '169.254.169.254',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.0.1',
      '100.100.100.200',
      '127.0.0.1',
    ]) {
      const parsed = parseAddress(address);
      expect(parsed !== undefined && closed.some((range) => contains(range, parsed)), address).toBe(true);
    }
  });
});
