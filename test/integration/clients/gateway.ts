import { expect } from 'vitest';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { createScriptedServer, type RecordedRequest, type ScriptedServer } from '../../support/scripted-server.ts';
import { anthropicWire } from './wires/anthropic.ts';
import { compatibleWires } from './wires/compatible.ts';
import { geminiWires } from './wires/gemini.ts';
import { ollamaWire } from './wires/ollama.ts';
import { type Body, INPUTS, RESULTS, type Scene, TOOL, toAnswer, type Wire } from './wires/wire.ts';

/** Every vendor; a new one is one more row. */
export const WIRES: readonly Wire[] = [...compatibleWires, anthropicWire, ...geminiWires, ollamaWire];

export interface ClientGateway {
  readonly url: string;
  /** Writes down what the vendor will answer; what is asked of it from then on is in the list. */
  play(wire: Wire, ...scenes: Scene[]): { readonly bodies: readonly Body[] };
  close(): Promise<void>;
}

/** The gateway with an agent per vendor, each in front of a server that speaks the vendor's own format. */
export async function startClientGateway(): Promise<ClientGateway> {
  const upstreams = new Map<Wire, ScriptedServer>();
  for (const wire of WIRES) upstreams.set(wire, await createScriptedServer());
  const expected = new Map<Wire, Scene[]>();
  const agents = [...upstreams].map(
    ([wire, { origin }]) =>
      `  - {name: ${wire.agent}, role: assistant, retry: {max_attempts: 1}, ${wire.toAgent(origin)}}`,
  );
  const server: AppServer = await startAppServer({
    yaml: `agents:\n${agents.join('\n')}\n`,
    accessToken: async () => 'test-token',
  });
  return {
    url: server.url,
    play(wire, ...scenes) {
      const upstream = upstreams.get(wire) as ScriptedServer;
      const before = upstream.requests.length;
      // What a test left unasked must not answer the next one.
      expected.set(wire, [...scenes]);
      upstream.reply(
        ...scenes.map(() => (request: RecordedRequest) => {
          const scene = expected.get(wire)?.shift();
          return scene === undefined ? { status: 501 } : toAnswer(wire, scene)(request);
        }),
      );
      return {
        get bodies() {
          return upstream.requests.slice(before).map((request) => request.json() as Body);
        },
      };
    },
    async close() {
      await server.close();
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    },
  };
}

/** What a client sends back of the first turn beside the calls. */
export interface Kept {
  /** Signed thinking and signatures. */
  readonly state: boolean;
  /** Readable thinking; empty when none of it. */
  readonly reasoning: string;
}

/** Holds the vendor's second request to what the first turn and the tools gave. */
export function expectSecondTurn(wire: Wire, body: Body | undefined, kept: Kept): void {
  if (body === undefined) throw new Error(`${wire.provider} was not asked a second time.`);
  const { calls, results, state, reasoning } = wire.readSecondTurn(body);
  expect(calls.map(({ name, input }) => ({ name, input }))).toEqual(INPUTS.map((input) => ({ name: TOOL, input })));
  expect(results.map(({ content }) => content)).toEqual(RESULTS);
  const ids = calls.map(({ id }) => id);
  if (wire.callIds === 'absent') {
    expect(results.map(({ name }) => name)).toEqual([TOOL, TOOL]);
  } else {
    expect(results.map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(INPUTS.length);
    if (wire.callIds === 'made') expect(ids.every((id) => id !== undefined && id !== '')).toBe(true);
    else expect(ids).toEqual(wire.callIds);
  }
  expect(wire.findFault?.(body)).toBeUndefined();
  expect(state).toEqual(kept.state ? wire.state.kept : wire.state.lost);
  expect(reasoning).toBe(wire.takesReasoning && wire.thinks ? kept.reasoning : '');
}
