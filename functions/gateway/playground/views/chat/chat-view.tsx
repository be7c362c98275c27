import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Citation } from '../../api/wire.ts';
import { ErrorNotice } from '../../parts/error-notice.tsx';
import { Icon } from '../../parts/icon.tsx';
import { loadLexer } from '../../parts/markdown.tsx';
import { type Conversation, isRunning, type Turn } from '../../state/conversation.ts';
import type { Session } from '../../state/session.ts';
import { type Store, useStore } from '../../state/store.ts';
import { ChatEmpty } from './chat-empty.tsx';
import { Composer } from './composer.tsx';
import { ModelPicker } from './model-picker.tsx';
import { PassageDialog } from './passage-dialog.tsx';
import { TurnView } from './turn-view.tsx';
import { useFollow } from './use-follow.ts';

export interface ChatViewProps {
  readonly session: Session;
  readonly conversation: Conversation;
  readonly retrieval: Store<boolean>;
  readonly model: Store<string>;
}

export function ChatView({ session, conversation, retrieval, model }: ChatViewProps) {
  const turns = useStore(conversation.turns);
  const models = useStore(session.models);
  const chosen = useStore(model);
  const withRetrieval = useStore(retrieval);
  const [citation, setCitation] = useState<Citation | undefined>(undefined);
  const [draft, setDraft] = useState('');
  const scroller = useRef<HTMLDivElement>(null);
  useFollow(scroller, turns);
  useEffect(() => void loadLexer(), []);

  const list = models.state === 'ready' ? models.list : [];
  const current = list.find(({ id }) => id === chosen) ?? list[0];
  const running = isRunning(turns);

  const ask = (text: string, useDocuments = withRetrieval): void => {
    if (text.trim() === '' || current === undefined || running) return;
    setDraft('');
    void conversation.ask({ model: current.id, text: text.trim(), retrieval: useDocuments });
  };

  return (
    <div class="chat">
      <header class="chat-head">
        <ModelPicker models={list} isLoading={models.state === 'loading'} current={current} onChange={model.set} />
        {turns.length === 0 ? null : (
          <button type="button" class="quiet new-chat" onClick={conversation.clear}>
            <Icon name="plus" />
            <span class="words">New chat</span>
          </button>
        )}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long conversation scrolls, and keys must be able to. */}
      <section class="chat-scroll" ref={scroller} tabIndex={0} aria-label="Conversation">
        <div class="column">
          {models.state === 'failed' ? (
            <ErrorNotice
              error={models.error}
              onRetry={() => void session.loadModels()}
              onKey={() => session.isKeyOpen.set(true)}
            />
          ) : null}
          {turns.length === 0 && models.state === 'ready' ? (
            <ChatEmpty
              model={current}
              onAsk={(text, useDocuments) => {
                retrieval.set(useDocuments);
                ask(text, useDocuments);
              }}
            />
          ) : null}
          {turns.map((turn) => (
            <TurnView
              key={turn.id}
              turn={turn}
              onCitation={setCitation}
              onRetry={turn === turns.at(-1) && !running ? conversation.askAgain : undefined}
              onKey={() => session.isKeyOpen.set(true)}
            />
          ))}
        </div>
      </section>
      <Announcer turn={turns.at(-1)} />
      <Composer
        draft={draft}
        onDraft={setDraft}
        isRunning={running}
        canSend={current !== undefined}
        retrieval={withRetrieval}
        onRetrieval={retrieval.set}
        onSend={() => ask(draft)}
        onStop={conversation.stop}
      />
      {citation === undefined ? null : <PassageDialog citation={citation} onClose={() => setCitation(undefined)} />}
    </div>
  );
}

/** Tells a screen reader of whole answers: one that is read out piece by piece cannot be understood. */
function Announcer({ turn }: { readonly turn: Turn | undefined }) {
  const [said, setSaid] = useState('');
  const state = turn?.state;
  const say = useCallback(() => {
    if (state === 'waiting') setSaid('Waiting for the answer.');
    else if (state === 'done') setSaid(`Answer: ${turn?.text ?? ''}`);
    else if (state === 'stopped') setSaid('Stopped.');
  }, [state]);
  useEffect(say, [say]);
  return (
    <p class="sr-only" aria-live="polite">
      {said}
    </p>
  );
}
