/** What to do about an error, by its code. */
const CURES: Readonly<Record<string, string>> = {
  unreachable: 'Check that the service runs and that you are connected, then try again.',
  interrupted: 'The connection ended early. What came so far is kept; ask again for the rest.',
  invalid_api_key: 'Give a valid API key. It stays in this tab and is gone when you close it.',
  permission: 'The key may not do this. Use another one, or have its models and functions widened.',
  model_not_found: 'Choose another model or agent above.',
  not_found: 'It may have been deleted, or it belongs to another collection or tenant.',
  invalid_request: 'Change the named field and try again.',
  unsupported: 'The chosen model or store cannot do this. Choose another one or leave the option out.',
  too_large: 'Send less: a smaller file, or a shorter text.',
  context_length_exceeded: 'Start a new chat, ask more briefly, or choose a model with a larger context window.',
  content_filter: 'The provider declined this content. Put it in other words.',
  rate_limit_exceeded: 'Wait a moment and try again.',
  insufficient_quota: 'The account of the provider is empty. Top it up, or choose another model.',
  budget_exceeded: 'The budget of the day is used up. It begins anew at midnight UTC; see Usage.',
  timeout: 'Nobody answered in time. Try again, or choose a faster model.',
  network: 'The provider cannot be reached. Try again, or add another leg to the cascade.',
  server_error: 'Try again. If it lasts, the attempts below and the log say which provider failed and why.',
  invalid_output: 'The model did not keep to the format. Try again, or choose another model.',
  configuration: 'Somebody who runs the service has to mend it: its log names the setting.',
  blocked_url: 'The configured address is not allowed. Its log names the setting.',
  upload_broken:
    'Check that the service runs. It may also have refused the size: limits.ingest_body_bytes says how much it takes.',
  unreadable_file: 'Convert it to Markdown, text, HTML, PDF or DOCX first.',
};

export function cureFor(code: string): string {
  return CURES[code] ?? 'Try again. If it lasts, look for the request id in the log.';
}
