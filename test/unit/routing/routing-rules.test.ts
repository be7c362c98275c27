import { describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/parse.ts';
import type { RoutingRule } from '../../../shared/config/types.ts';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import {
  applyRoutingRules,
  type RoutingFacts,
  regionOf,
  routeModel,
  toRoutingFacts,
} from '../../../shared/routing/routing-rules.ts';

const facts = (fields: Partial<RoutingFacts> & { readonly tokens?: number } = {}): RoutingFacts => {
  const { tokens = 100, ...rest } = fields;
  return { promptTokens: () => tokens, hasTools: false, hasImages: false, ...rest };
};

describe('routing rules', () => {
  it.each<[string, RoutingRule['when'], RoutingFacts, boolean]>([
    ['a prompt over the size', { promptTokensOver: 99 }, facts(), true],
    ['a prompt of just that size', { promptTokensOver: 100 }, facts(), false],
    ['a prompt under the size', { promptTokensUnder: 101 }, facts(), true],
    ['a prompt of just the upper size', { promptTokensUnder: 100 }, facts(), false],
    ['a prompt between sizes', { promptTokensOver: 50, promptTokensUnder: 150 }, facts(), true],
    ['tools', { tools: true }, facts({ hasTools: true }), true],
    ['tools that are not there', { tools: true }, facts(), false],
    ['the absence of tools', { tools: false }, facts(), true],
    ['images', { images: true }, facts({ hasImages: true }), true],
    ['the absence of images', { images: false }, facts({ hasImages: true }), false],
    ['a region', { regions: ['eu', 'us'] }, facts({ region: 'us' }), true],
    ['a region within an area', { regions: ['europe'] }, facts({ region: 'europe-west1' }), true],
    ['a region in any case', { regions: ['EUROPE-west1'] }, facts({ region: 'europe-west1' }), true],
    ['a region that only begins alike', { regions: ['europe'] }, facts({ region: 'europe2-west1' }), false],
    ['an area where the rule is closer', { regions: ['europe-west1'] }, facts({ region: 'europe' }), false],
    ['a region nobody told', { regions: ['us'] }, facts(), false],
    ['all conditions together', { tools: true, regions: ['us'] }, facts({ hasTools: true, region: 'us' }), true],
    ['all but one', { tools: true, regions: ['us'] }, facts({ hasTools: true, region: 'eu' }), false],
  ])('look at %s', (_, when, seen, holds) => {
    expect(applyRoutingRules([{ when, agent: 'chosen' }], seen)).toBe(holds ? 'chosen' : undefined);
  });

  it('are taken in their order, the first one that holds', () => {
    const rules = [
      { when: { images: true }, agent: 'seer' },
      { when: { promptTokensUnder: 1_000 }, agent: 'cheap' },
      { when: { tools: false }, agent: 'late' },
    ];
    expect(applyRoutingRules(rules, facts({ hasImages: true }))).toBe('seer');
    expect(applyRoutingRules(rules, facts())).toBe('cheap');
    expect(applyRoutingRules(rules, facts({ tokens: 5_000 }))).toBe('late');
    expect(applyRoutingRules(rules, facts({ hasImages: true }), (agent) => agent !== 'seer')).toBe('cheap');
    expect(applyRoutingRules([], facts())).toBeUndefined();
  });

  it('do not measure a prompt that another condition has decided about', () => {
    const promptTokens = vi.fn(() => 1);
    applyRoutingRules([{ when: { tools: true, promptTokensOver: 5 }, agent: 'a' }], { ...facts(), promptTokens });
    expect(promptTokens).not.toHaveBeenCalled();
  });
});

const { config } = parseConfig(
  `
agents:
  - name: simple-classifier
    model: gpt-3.5-turbo
    provider: openai
    api_key: sk-test
  - name: complex-analyzer
    model: gpt-4-turbo
    provider: openai
    api_key: sk-test
  - name: private
    model: phi3
    provider: ollama
    privacy: local_only
  - name: private-seer
    model: llava
    provider: ollama
    privacy: local_only
routing:
  rules:
    - when: {prompt_tokens_under: 200}
      agent: simple-classifier
    - when: {images: true}
      agent: private-seer
`,
  { environment: {}, source: 'agents.yaml' },
);

describe('the model of a routed request', () => {
  const route = (model: string, seen: RoutingFacts): string => routeModel({ config, model, facts: () => seen });

  it.each([
    ['complex-analyzer', facts(), 'simple-classifier'],
    ['complex-analyzer', facts({ tokens: 200 }), 'complex-analyzer'],
    ['simple-classifier', facts({ tokens: 200, hasImages: true }), 'private-seer'],
    // The result is final: the rule that would lead on from it is not asked again.
    ['private-seer', facts({ tokens: 200 }), 'private-seer'],
    ['openai/gpt-4-turbo', facts(), 'openai/gpt-4-turbo'],
    ['gpt-4-turbo', facts(), 'gpt-4-turbo'],
    ['nobody', facts(), 'nobody'],
  ])('for %s and its facts is the agent of the rule, or the one asked for', (model, seen, expected) => {
    expect(route(model, seen)).toBe(expected);
  });

  it('never leaves the local agents once a local one was asked for', () => {
    expect(route('private', facts())).toBe('private');
    expect(route('private', facts({ hasImages: true }))).toBe('private-seer');
  });

  it('costs nothing when there are no rules, or no agent is named', () => {
    const seen = vi.fn(() => facts());
    routeModel({ config, model: 'openai/gpt-4-turbo', facts: seen });
    routeModel({ config: { ...config, routing: { rules: [] } }, model: 'private', facts: seen });
    expect(seen).not.toHaveBeenCalled();
  });
});

describe('what rules look at', () => {
  const request: ChatRequest = { model: 'a', messages: [{ role: 'user', content: 'Hi' }] };
  const image: ChatRequest['messages'] = [
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] },
  ];
  const none = (): undefined => undefined;

  it('is read from the request and its headers', () => {
    expect(toRoutingFacts(request, none)).toMatchObject({ hasTools: false, hasImages: false });
    expect(toRoutingFacts(request, none)).not.toHaveProperty('region');
    expect(toRoutingFacts({ ...request, tools: [] }, none).hasTools).toBe(false);
    expect(toRoutingFacts({ ...request, functions: [{ name: 'f' }] }, none).hasTools).toBe(true);
    expect(toRoutingFacts({ ...request, messages: image }, none).hasImages).toBe(true);
    expect(toRoutingFacts(request, () => 'US').region).toBe('us');
    const unset = { ...request, tools: null, functions: null, response_format: null } as unknown as ChatRequest;
    expect(toRoutingFacts(unset, none)).toMatchObject({ hasTools: false, hasImages: false });
    expect(toRoutingFacts(unset, none).promptTokens()).toBe(5);
    const { promptTokens } = toRoutingFacts(request, none);
    expect([promptTokens(), promptTokens()]).toEqual([5, 5]);
  });

  it.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['the caller’s own header', { 'x-sluice-region': 'europe-west1' }, 'europe-west1'],
    ['the caller’s before the load balancer’s', { 'x-sluice-region': 'eu', 'x-client-region': 'US' }, 'eu'],
    ['the load balancer’s, in lower case', { 'x-client-region': 'US' }, 'us'],
    ['the region before the city', { 'x-client-geo-location': 'US,Mountain View' }, 'us'],
    ['the next header when one is empty', { 'x-client-region': '', 'x-client-geo-location': 'DE,' }, 'de'],
    ['nothing that is no region', { 'x-sluice-region': '<script>' }, undefined],
    ['nothing of other headers', { 'x-appengine-region': 'ca' }, undefined],
  ])('has %s as its region', (_, headers, region) => {
    expect(regionOf((name) => headers[name])).toBe(region);
  });
});
