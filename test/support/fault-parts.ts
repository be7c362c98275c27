import type { FaultParts } from '../../scripts/faults/scene.ts';
import { anthropicWire } from '../integration/clients/wires/anthropic.ts';
import { compatibleWires } from '../integration/clients/wires/compatible.ts';
import { geminiWires } from '../integration/clients/wires/gemini.ts';
import { ollamaWire } from '../integration/clients/wires/ollama.ts';
import { TEXTS } from '../integration/clients/wires/wire.ts';
import { startAppServer } from './app-server.ts';

/** What the fault matrix runs on: every vendor's format, and the gateway under the functions framework. */
export const faultParts: FaultParts = {
  wires: [...compatibleWires, anthropicWire, ...geminiWires, ollamaWire],
  texts: TEXTS,
  startGateway: (yaml) => startAppServer({ yaml, accessToken: async () => 'test-token' }),
};
