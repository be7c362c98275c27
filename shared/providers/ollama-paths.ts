/** All that is ever asked of an Ollama server: nothing here pulls, creates or deletes models. */
export const OLLAMA_PATHS = ['/', '/api/tags', '/api/show', '/api/generate', '/api/chat', '/api/embed'] as const;
export type OllamaPath = (typeof OLLAMA_PATHS)[number];
