import { render } from 'preact';
import { App } from './app.tsx';
import { createSession } from './state/session.ts';

const root = document.getElementById('app');
if (root) render(<App session={createSession()} />, root);
