/**
 * Words that may be repeated from an upstream's error. An upstream can put the key or the prompt into any field, as a
 * single word too, so only what vendors document is passed on; everything else stays inside.
 */
const CODES: ReadonlySet<string> = new Set(
  // OpenAI and its compatible servers.
  (
    'invalid_request_error invalid_api_key invalid_value invalid_type invalid_request unsupported_value ' +
    'unsupported_parameter unknown_parameter missing_required_parameter integer_above_max_value ' +
    'integer_below_min_value decimal_above_max_value decimal_below_min_value string_above_max_length ' +
    'array_above_max_length context_length_exceeded insufficient_quota insufficient_balance ' +
    'rate_limit_exceeded rate_limit_error tokens requests billing_hard_limit_reached billing_not_active ' +
    'model_not_found model_not_available content_filter content_policy_violation invalid_image invalid_image_url ' +
    'image_parse_error invalid_base64 unsupported_image_media_type unsupported_country_region_territory ' +
    'server_error internal_error service_unavailable engine_overloaded timeout account_deactivated ' +
    'organization_not_found project_not_found unsupported_model tool_use_failed json_validate_failed ' +
    'invalid_function_parameters invalid_prompt bad_request not_found forbidden unauthorized ' +
    'badrequesterror notfounderror authenticationerror permissiondeniederror internalservererror ' +
    // Anthropic.
    'authentication_error permission_error not_found_error request_too_large api_error overloaded_error ' +
    'billing_error timeout_error ' +
    // Google.
    'invalid_argument failed_precondition out_of_range unauthenticated permission_denied resource_exhausted ' +
    'cancelled internal unavailable deadline_exceeded unimplemented aborted data_loss api_key_invalid ' +
    'api_key_service_blocked service_disabled rate_limit_exceeded quota_exceeded ' +
    // HuggingFace TEI and TGI.
    'validation overloaded backend generation incomplete_generation unhealthy tokenizer empty'
  ).split(' '),
);

/** Fields of a request that an upstream may find fault with. */
const PARAMS: ReadonlySet<string> = new Set(
  (
    'model messages contents content system system_instruction tools tool_choice tool_config parallel_tool_calls ' +
    'functions function_call response_format output_config generation_config temperature top_p top_k n stop ' +
    'stop_sequences max_tokens max_completion_tokens max_output_tokens presence_penalty frequency_penalty logit_bias ' +
    'logprobs top_logprobs seed user stream stream_options reasoning_effort reasoning thinking verbosity modalities ' +
    'audio prediction metadata store service_tier safety_identifier prompt_cache_key web_search_options ' +
    'search_parameters input dimensions encoding_format format options keep_alive'
  ).split(' '),
);

/** Names inside a path such as `messages[0].content[1].image_url.url`; indices are always fine. */
const PARTS: ReadonlySet<string> = new Set([
  ...PARAMS,
  ...'role name type text image_url url file file_data file_id input_audio data function arguments parameters description strict json_schema schema properties tool_calls tool_call_id id custom source media_type cache_control include_usage'.split(
    ' ',
  ),
]);

/** A code or type that a vendor documents. */
export function isKnownCode(word: string): boolean {
  return CODES.has(word.toLowerCase());
}

/** A path into a request whose every name is one a request can have. */
export function isKnownParam(path: string): boolean {
  const names = path.split(/[.[\]]+/).filter((part) => part !== '' && !/^\d+$/.test(part));
  const [root, ...rest] = names;
  return path.length <= 128 && root !== undefined && PARAMS.has(root) && rest.every((name) => PARTS.has(name));
}
