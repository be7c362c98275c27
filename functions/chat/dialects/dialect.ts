import type { ChatInput } from '../../../shared/app/chat/prepare-chat.ts';

/** What a dialect makes of a request: the chat it stands for, and the form of the answer. */
export type Dialect = (json: unknown) => Pick<ChatInput, 'body' | 'format'>;
