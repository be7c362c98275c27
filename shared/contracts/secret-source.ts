/** Where keys come from. A reference is what follows `secret://` in the configuration. */
export interface SecretSource {
  readonly id: string;
  /**
   * The secret's text without one trailing newline.
   * @param reference a bare name (`openai-api-key`) or `projects/P/secrets/S/versions/V`.
   * @param options.refresh skip what is cached, because a vendor just refused it.
   * @throws AppError `configuration` naming the secret and the cure, never its value.
   */
  get(reference: string, options?: { readonly refresh?: boolean; readonly signal?: AbortSignal }): Promise<string>;
  close(): Promise<void>;
}
