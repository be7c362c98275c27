/** The features that the guide shows, in blocks of our own: for whoever has no guide. */
export const OWN_BLOCKS = {
  quickStart: `
model_services:
  - {name: phi-local, provider: ollama, model: "phi3.5:3.8b-mini-instruct-q4_K_M"}
agents:
  - {name: at-home, model: phi-local, prompt: "You are a helpful AI assistant running locally.", temperature: 0.7, max_tokens: 1000}
`,
  hybrid: `
agents:
  - name: home-first
    prompt: You are a resilient assistant with automatic failover.
    providers:
      - {provider: ollama, model: phi-local}
      - {provider: openai, model: gpt-4-turbo, api_key: "\${OPENAI_API_KEY}"}
      - {provider: anthropic, model: claude-3-haiku, api_key: "\${ANTHROPIC_API_KEY}"}
`,
  fallback: `
agents:
  - name: three-vendors
    providers:
      - {provider: openai, model: gpt-4-turbo}
      - {provider: anthropic, model: claude-3-sonnet}
      - {provider: vertexai, model: gemini-1.5-flash}
`,
  costOptimization: `
- {name: small, provider: openai, model: gpt-3.5-turbo}
- {name: large, provider: openai, model: gpt-4-turbo}
`,
  regions: `
- {name: america, provider: vertexai, model: gemini-1.5-flash, location: us-central1}
- {name: europe, provider: openai, model: gpt-4-turbo, endpoint: "https://eu.api.openai.com/v1"}
`,
  retry: `
agents:
  - name: stubborn
    provider: openai
    model: gpt-4-turbo
    retry: {max_attempts: 3, initial_backoff: 1s, max_backoff: 10s, multiplier: 2, retry_on: [rate_limit, timeout, server_error]}
`,
  openai: `
agents:
  - {name: thinker, provider: openai, model: gpt-4-turbo, temperature: 0.7, max_tokens: 1000}
`,
  costTracking: `
observability: {cost_tracking: true, cost_alert_threshold: 100}
`,
  tokenUsage: `
observability: {llm_observability: {daily_token_limit: 1000000}}
`,
} as const;
