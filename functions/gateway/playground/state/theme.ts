import { createStore, type Store } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';

const ORDER: readonly Theme[] = ['system', 'light', 'dark'];
/** Read by `theme.ts` too, before anything is painted. */
const NAME = 'sluice.theme';

export interface ThemeSwitch {
  readonly theme: Store<Theme>;
  next(): void;
}

export function createThemeSwitch(): ThemeSwitch {
  const saved = localStorage.getItem(NAME);
  const theme = createStore<Theme>(saved === 'light' || saved === 'dark' ? saved : 'system');
  return {
    theme,
    next() {
      const next = ORDER[(ORDER.indexOf(theme.get()) + 1) % ORDER.length] ?? 'system';
      theme.set(next);
      if (next === 'system') {
        delete document.documentElement.dataset.theme;
        localStorage.removeItem(NAME);
      } else {
        document.documentElement.dataset.theme = next;
        localStorage.setItem(NAME, next);
      }
    },
  };
}
