import { AppError } from '../../contracts/app-error.ts';
import type { ResponsesBody } from '../schemas/responses-schema.ts';

const KEEPS_NOTHING = 'No responses are stored here';

/** Parts of a tool's answer; the tools themselves are refused, so that there is nothing to include. */
const OFFERED_INCLUDES: ReadonlySet<string> = new Set(['reasoning.encrypted_content', 'message.output_text.logprobs']);

const OWN_TOOLS: ReadonlySet<string> = new Set(['function', 'custom', 'google_search']);
const OWN_CHOICES: ReadonlySet<string> = new Set(['function', 'custom', 'allowed_tools']);

/**
 * Refuses what needs a store, or OpenAI's own tools: each with what to do instead.
 * @throws AppError `unsupported` naming the parameter.
 */
export function refuseUnsupported(body: ResponsesBody): void {
  if (isSet(body.previous_response_id)) {
    refuse(
      'previous_response_id',
      `${KEEPS_NOTHING}: send the earlier items, ours included, in \`input\` instead of \`previous_response_id\`.`,
    );
  }
  if (isSet(body.conversation)) {
    refuse('conversation', `${KEEPS_NOTHING}: send the whole conversation in \`input\` instead of \`conversation\`.`);
  }
  if (body.background) {
    refuse(
      'background',
      `${KEEPS_NOTHING}, so that none can be fetched later: use \`stream\` instead of \`background\`.`,
    );
  }
  if (isSet(body.prompt)) {
    refuse('prompt', 'There are no prompt templates here: send their text in `instructions` and `input`.');
  }
  if (body.truncation === 'auto') {
    refuse('truncation', 'Input is never cut here: shorten it yourself and set `truncation` to `disabled`.');
  }
  body.include?.forEach((include, index) => {
    if (!OFFERED_INCLUDES.has(include)) {
      refuse(`include[${index}]`, `\`${include}\` comes from a tool that is not offered here; leave it out.`);
    }
  });
  body.tools?.forEach(({ type }, index) => {
    if (!OWN_TOOLS.has(type)) refuseTool(type, `tools[${index}]`);
  });
  const choice = body.tool_choice;
  if (typeof choice === 'object' && choice !== null && !OWN_CHOICES.has(choice.type)) {
    refuseTool(choice.type, 'tool_choice');
  }
}

/** @throws AppError `unsupported`, always. */
export function refuseItem(type: string, param: string): never {
  if (type === 'item_reference') {
    refuse(
      param,
      `${KEEPS_NOTHING}, so that \`item_reference\` leads nowhere: send the item itself. Clients do when told \`store: false\`.`,
    );
  }
  refuse(param, `Items of the type \`${type}\` belong to tools that are not offered here; leave them out.`);
}

function refuseTool(type: string, param: string): never {
  refuse(param, `The tool \`${type}\` is run by OpenAI and is not offered here: use a function tool of your own.`);
}

function refuse(param: string, message: string): never {
  throw new AppError('unsupported', message, { param });
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined;
}
