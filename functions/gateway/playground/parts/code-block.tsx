import { CopyButton } from './copy-button.tsx';

export function CodeBlock({ code, language }: { readonly code: string; readonly language: string }) {
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{language.split(/\s/, 1)[0] || 'text'}</span>
        <CopyButton text={code} what="code" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, and keys must be able to scroll them. */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </div>
  );
}
