import { untilAborted } from '../resilience/until-aborted.ts';
import { type OllamaModelFacts, showOllamaModel } from './ollama-models.ts';
import type { OllamaTarget } from './ollama-transport.ts';

/** A tag may be pulled anew and mean another model. */
const KEEP_MS = 5 * 60_000;
/** A server that could not tell may be able to soon. */
const KEEP_UNKNOWN_MS = 10_000;
const MOST_MODELS = 1_000;

/** What the models of the servers can do, as far as it was worth asking. */
export interface ModelFacts {
  /** What is known already; nothing is asked. */
  known(target: OllamaTarget, model: string): OllamaModelFacts | undefined;
  /** Asks the server when nothing is known; empty when it does not tell. @throws the signal's reason. */
  find(target: OllamaTarget, model: string): Promise<OllamaModelFacts>;
}

interface Entry {
  readonly asked: Promise<OllamaModelFacts>;
  facts: OllamaModelFacts | undefined;
  untilMs: number;
}

/** Remembers what each server said about each model, and asks once for all who want to know at the same time. */
export function createModelFacts({ now = () => performance.now() }: { readonly now?: () => number } = {}): ModelFacts {
  const entries = new Map<string, Entry>();

  const valid = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry !== undefined && now() < entry.untilMs ? entry : undefined;
  };

  const ask = (key: string, target: OllamaTarget, model: string): Entry => {
    // Not under the caller's signal: the others who wait for the same answer have not gone away.
    const asked = showOllamaModel({ ...target, signal: new AbortController().signal }, model).then(
      (facts) => {
        entry.facts = facts;
        entry.untilMs = now() + KEEP_MS;
        return facts;
      },
      () => {
        entry.untilMs = now() + KEEP_UNKNOWN_MS;
        return {};
      },
    );
    const entry: Entry = { asked, facts: undefined, untilMs: Number.POSITIVE_INFINITY };
    if (entries.size >= MOST_MODELS) entries.clear();
    entries.set(key, entry);
    return entry;
  };

  return {
    known: (target, model) => valid(keyOf(target, model))?.facts,
    async find(target, model) {
      const key = keyOf(target, model);
      return await untilAborted((valid(key) ?? ask(key, target, model)).asked, target.signal);
    },
  };
}

function keyOf({ endpoint = '' }: OllamaTarget, model: string): string {
  return `${endpoint} ${model}`;
}
