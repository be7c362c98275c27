import type { RecordedRequest, ScriptedAnswer } from '../../../support/scripted-server.ts';

/** One turn of a vendor, in both of its forms. */
export interface Turn {
  readonly whole: Readonly<Record<string, unknown>>;
  /** What goes over the connection, event by event. */
  readonly pieces: readonly string[];
}

export type Scene = keyof Scenes;

/** What the vendors answer. All of them say the same, each in its own format. */
export interface Scenes {
  readonly text: Turn;
  /** Two calls of one function, thought about before where the vendor shows it. */
  readonly calls: Turn;
  /** The given JSON in the form the request asked for. */
  readonly json: (body: Body) => Turn;
}

export type Body = Readonly<Record<string, unknown>>;

/** A request of the second turn, as far as every vendor has it. */
export interface SecondTurn {
  readonly calls: readonly { readonly id?: string; readonly name: string; readonly input: unknown }[];
  readonly results: readonly { readonly id?: string; readonly name?: string; readonly content: string }[];
  /** Signed thinking and signatures that stand before or on the calls. */
  readonly state: readonly unknown[];
  readonly reasoning: string;
}

/** A vendor: a row of the tables of this directory. */
export interface Wire {
  readonly provider: string;
  /** The name of the agent that clients ask for. */
  readonly agent: string;
  /** The agent in the configuration. */
  toAgent(origin: string): string;
  readonly scenes: Scenes;
  isStreamed(request: RecordedRequest): boolean;
  readonly streamType: string;
  /** The vendor answers with readable thinking. */
  readonly thinks: boolean;
  /** What `usage` of the answers must say beside the totals, where the vendor counts it. */
  readonly details: { readonly cached?: number; readonly reasoning?: number };
  /** Ids of the calls: the vendor's, ours where it has none, or nothing in the vendor's requests at all. */
  readonly callIds: readonly string[] | 'made' | 'absent';
  readSecondTurn(body: Body): SecondTurn;
  /** What `state` must be when a client has sent back all that it was given, and when it has kept none of it. */
  readonly state: { readonly kept: readonly unknown[]; readonly lost: readonly unknown[] };
  /** What the vendor would refuse a second turn for; undefined when it has nothing to say against it. */
  readonly findFault?: (body: Body) => string | undefined;
  /** The vendor's request has a place for the reasoning of earlier turns that is not signed. */
  readonly takesReasoning: boolean;
  /** A call can be demanded; where not, whoever demands one is refused. */
  readonly forcesCalls: boolean;
  /** Where the request says that a schema is wanted; undefined when it does not. */
  readSchema(body: Body): unknown;
}

export const TEXTS = ['Grüße ', 'aus Zürich', ' 🌧.'] as const;
export const TEXT = TEXTS.join('');
export const THOUGHTS = ['Two cities, ', 'so two calls.'] as const;
export const THOUGHT = THOUGHTS.join('');
export const INPUTS = [{ city: 'Zürich' }, { city: 'Oslo' }] as const;
export const RESULTS = ['rain', 'sun'] as const;
export const JSON_PARTS = ['{"city":"Zürich",', '"celsius":4}'] as const;
export const JSON_VALUE = { city: 'Zürich', celsius: 4 } as const;
export const USAGE = { prompt: 30, completion: 12, total: 42 } as const;
export const TOOL = 'get_weather';

/** The answer to a request, in the form it asked for. */
export function toAnswer(wire: Wire, scene: Scene): (request: RecordedRequest) => ScriptedAnswer {
  return (request) => {
    const found = wire.scenes[scene];
    const { whole, pieces } = typeof found === 'function' ? found(request.json() as Body) : found;
    return wire.isStreamed(request) ? { headers: { 'content-type': wire.streamType }, pieces } : { body: whole };
  };
}

export function isBodyStreamed(request: RecordedRequest): boolean {
  return (request.json() as Body).stream === true;
}

export function toEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

export function toNamedEvent(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\n${toEvent(data)}`;
}
