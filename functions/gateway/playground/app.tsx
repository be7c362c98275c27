import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './parts/icon.tsx';
import { useShortcuts } from './parts/shortcuts.ts';
import { useFileDrop } from './parts/use-file-drop.ts';
import { createConversation } from './state/conversation.ts';
import { createLibrary } from './state/library.ts';
import { createSavedStore } from './state/saved.ts';
import type { Session } from './state/session.ts';
import { createStore, useStore } from './state/store.ts';
import { createThemeSwitch } from './state/theme.ts';
import { ChatView } from './views/chat/chat-view.tsx';
import { DocumentsView } from './views/documents/documents-view.tsx';
import { HelpDialog } from './views/help-dialog.tsx';
import { KeyDialog } from './views/key-dialog.tsx';
import { SearchView } from './views/search/search-view.tsx';
import { UsageView } from './views/usage/usage-view.tsx';

const VIEWS = [
  ['chat', 'Chat'],
  ['search', 'Search'],
  ['documents', 'Documents'],
  ['usage', 'Usage'],
] as const satisfies readonly (readonly [IconName, string])[];
const THEMES = { system: 'System theme', light: 'Light theme', dark: 'Dark theme' } as const;
type ViewName = (typeof VIEWS)[number][0];

export function App({ session }: { readonly session: Session }) {
  const parts = useMemo(
    () => ({
      conversation: createConversation(session.api),
      library: createLibrary(session.api),
      collection: createStore(''),
      retrieval: createSavedStore('sluice.retrieval', false),
      model: createSavedStore('sluice.model', ''),
      hasShortcuts: createSavedStore('sluice.shortcuts', true),
      themes: createThemeSwitch(),
    }),
    [session],
  );
  const view = useView();
  /** What takes the focus when the view that is being opened is there. */
  const afterOpening = useRef<(() => void) | undefined>(undefined);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const isKeyOpen = useStore(session.isKeyOpen);
  const needsKey = useStore(session.needsKey);
  const key = useStore(session.key);
  const theme = useStore(parts.themes.theme);
  useEffect(() => void session.loadModels(), [session]);
  // Before anything else is heard: a key that is pressed next must find the focus where it will be.
  useLayoutEffect(() => {
    document.title = `${VIEWS.find(([name]) => name === view)?.[1]} · Sluice`;
    afterOpening.current?.();
    afterOpening.current = undefined;
  }, [view]);

  const shortcuts = useMemo(() => {
    // What had the focus is hidden then; the next Tab is to begin in the new view.
    const open = (name: ViewName, focus = focusMain): void => {
      if (readView() === name) focus();
      else afterOpening.current = focus;
      location.hash = name;
    };
    return {
      ...Object.fromEntries(VIEWS.map(([name], index) => [String(index + 1), () => open(name)])),
      '/': focusField,
      '?': () => setIsHelpOpen(true),
      n: () => {
        parts.conversation.clear();
        open('chat', focusField);
      },
      d: () => parts.retrieval.set(!parts.retrieval.get()),
      t: parts.themes.next,
      Escape: parts.conversation.stop,
    };
  }, [parts]);
  useShortcuts(shortcuts, parts.hasShortcuts.get);
  const onFiles = useCallback(
    (files: readonly File[]) => {
      location.hash = 'documents';
      void parts.library.add(files, parts.collection.get().trim() || 'default');
    },
    [parts],
  );
  const isOver = useFileDrop(onFiles);

  const openKey = (): void => session.isKeyOpen.set(true);
  const shown = (name: ViewName) => ({ class: `view view-${name}`, hidden: view !== name });
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={focusMain}>
        Skip to the content
      </button>
      <header class="side">
        <p class="brand">
          <Icon name="wave" />
          Sluice
        </p>
        <nav aria-label="Views">
          {VIEWS.map(([name, label]) => (
            <a key={name} href={`#${name}`} aria-current={view === name ? 'page' : undefined}>
              <Icon name={name} />
              {label}
            </a>
          ))}
        </nav>
        <div class="side-tools">
          {needsKey || key !== '' ? (
            <button type="button" class="quiet" onClick={openKey}>
              <Icon name="key" />
              <span>API key</span>
            </button>
          ) : null}
          <button type="button" class="quiet" onClick={parts.themes.next}>
            <Icon name={theme} />
            <span>{THEMES[theme]}</span>
          </button>
          <button type="button" class="quiet" aria-label="Keyboard shortcuts" onClick={() => setIsHelpOpen(true)}>
            <Icon name="help" />
            <span>Shortcuts</span>
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <div {...shown('chat')}>
          <ChatView session={session} {...parts} />
        </div>
        <div {...shown('search')}>
          <SearchView session={session} />
        </div>
        <div {...shown('documents')}>
          <DocumentsView
            library={parts.library}
            collection={parts.collection}
            isShown={view === 'documents'}
            isOver={isOver}
            onFiles={onFiles}
            onKey={openKey}
          />
        </div>
        <div {...shown('usage')}>
          <UsageView session={session} isShown={view === 'usage'} />
        </div>
      </main>
      {isHelpOpen ? <HelpDialog hasShortcuts={parts.hasShortcuts} onClose={() => setIsHelpOpen(false)} /> : null}
      {isKeyOpen ? <KeyDialog session={session} onClose={() => session.isKeyOpen.set(false)} /> : null}
    </div>
  );
}

function readView(): ViewName {
  return VIEWS.find(([name]) => `#${name}` === location.hash)?.[0] ?? 'chat';
}

function useView(): ViewName {
  const [view, setView] = useState(readView);
  useEffect(() => {
    const onChange = (): void => setView(readView());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return view;
}

function focusField(): void {
  document.querySelector<HTMLElement>('.view:not([hidden]) [data-main-field]')?.focus();
}

function focusMain(): void {
  document.getElementById('main')?.focus();
}
