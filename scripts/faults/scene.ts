import { randomUUID } from 'node:crypto';
import { ask, type ClientAnswer, type Question } from './client.ts';
import type { FaultContext, FaultForm } from './fault.ts';
import { createFaultUpstream, type FaultUpstream, type Reply } from './fault-upstream.ts';
import { send } from './replies.ts';
import { toAnswerParts, type VendorWire } from './vendor-wire.ts';

/** The gateway as a client meets it, with what it logged. */
export interface Gateway {
  readonly url: string;
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** What scenes are made of, handed in because it lives with the tests: the vendors' formats and the real app. */
export interface FaultParts {
  readonly wires: readonly VendorWire[];
  /** The texts of a right answer, in the pieces in which it is streamed. */
  readonly texts: readonly string[];
  startGateway(yaml: string): Promise<Gateway>;
}

export interface LegPlan extends Pick<FaultForm, 'refused' | 'timeout'> {
  readonly provider: string;
  readonly reply: (context: FaultContext) => Reply;
}

export interface ScenePlan extends Pick<FaultForm, 'idleTimeout'> {
  /** In the order of the cascade. */
  readonly legs: readonly LegPlan[];
  readonly streamed: boolean;
  /** Members of the agent's `retry` block. Default: every leg is asked once. */
  readonly retry?: string;
}

/** A leg that is up: a vendor and the server that stands in for it. */
export interface Leg {
  readonly provider: string;
  readonly upstream: FaultUpstream;
}

/** An app of its own with servers of its own for every leg. */
export interface Scene {
  readonly legs: readonly Leg[];
  /** Where redirects lead. */
  readonly trap: FaultUpstream;
  readonly gateway: Gateway;
  /** The user message of every question. */
  readonly prompt: string;
  ask(question: Pick<Question, 'signal' | 'onText'>): Promise<ClientAnswer>;
  /** Resolves when no upstream is still answering anything. */
  idle(): Promise<void>;
  /** Closes the app; resolves when it has let go of every connection to an upstream. */
  closeApp(): Promise<void>;
  /** Takes down whatever is still up, by force. */
  close(): Promise<void>;
}

const AMPLE = '50s';
const AGENT = 'cascade';

export async function startScene(parts: FaultParts, plan: ScenePlan): Promise<Scene> {
  const prompt = randomUUID();
  const trap = await createFaultUpstream(send(200, '{}'), prompt);
  const servers = [trap];
  const legs: Leg[] = [];
  const providers: string[] = [];
  for (const { provider, reply, refused = false, timeout = AMPLE } of plan.legs) {
    const wire = wireOf(parts, provider);
    const answer = toAnswerParts(wire, parts.texts[0] as string);
    const context = { provider, streamed: plan.streamed, parts: answer, trap: `${trap.origin}/${prompt}` };
    const upstream = await createFaultUpstream(reply(context), prompt);
    servers.push(upstream);
    legs.push({ provider, upstream });
    providers.push(`{${wire.toAgent(refused ? upstream.refusing : upstream.origin)}, timeout: ${timeout}}`);
  }
  const gateway = await parts.startGateway(toYaml(plan, providers));
  let closing: Promise<void> | undefined;
  const closeGateway = (): Promise<void> => {
    closing ??= gateway.close();
    return closing;
  };
  return {
    legs,
    trap,
    gateway,
    prompt,
    ask: (question) => ask({ url: gateway.url, model: AGENT, prompt, streamed: plan.streamed, ...question }),
    async idle() {
      await Promise.all(servers.map((server) => server.idle()));
    },
    async closeApp() {
      await closeGateway();
      await Promise.all(servers.map((server) => server.disconnected()));
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      await closeGateway();
    },
  };
}

function wireOf({ wires }: FaultParts, provider: string): VendorWire {
  const wire = wires.find((candidate) => candidate.provider === provider);
  if (!wire) throw new Error(`There is no format of ${provider}.`);
  return wire;
}

function toYaml({ idleTimeout = AMPLE, retry = 'max_attempts: 1' }: ScenePlan, providers: readonly string[]): string {
  return [
    `limits: {idle_timeout: ${idleTimeout}, request_timeout: ${AMPLE}}`,
    'agents:',
    `  - name: ${AGENT}`,
    '    role: assistant',
    `    retry: {${retry}}`,
    '    providers:',
    ...providers.map((provider) => `      - ${provider}`),
    '',
  ].join('\n');
}
