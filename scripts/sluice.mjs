#!/usr/bin/env node
import { register } from 'tsx/esm/api';

// The `bin` of the package: what Node runs by itself, from any folder.
register();
await import('./sluice.ts');
