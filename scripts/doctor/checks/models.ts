import type { ConfigurationScene } from '../configuration-scene.ts';
import { type Check, type Finding, fine, warning } from '../finding.ts';
import { listLegs, namesOf } from '../targets.ts';

/** Whether the catalogue knows each model, what it is for and what it costs. */
export const modelsCheck: Check<ConfigurationScene> = {
  name: 'models',
  async run({ config, catalogue, file }) {
    const chat = listLegs(config).map((leg) => judge(leg, 'chat'));
    return config.embeddings === undefined ? chat : [...chat, judge(config.embeddings, 'embedding')];

    function judge(target: Parameters<typeof namesOf>[0], use: 'chat' | 'embedding'): Finding {
      const { provider, model } = target;
      const subject = `${provider}/${model}`;
      const names = namesOf(target, file);
      const info = catalogue.find(provider, model);
      if (info?.local) return fine(subject, 'runs on machines of your own; no price by the token');
      if (info === undefined) return warning(subject, 'not in the catalogue: is the name right?', 'price', names);
      if (info.kind !== undefined && info.kind !== use) {
        return warning(subject, `is a model for ${info.kind}, and is used for ${use}`, 'model', names);
      }
      if (info.prices === undefined) return warning(subject, 'known, and its price is not', 'price', names);
      return fine(subject, 'known, with its price');
    }
  },
};
