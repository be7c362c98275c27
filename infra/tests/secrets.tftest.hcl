# Keys are in Secret Manager, and in nothing that Terraform writes down.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = { member = "serviceAccount:mock@example.iam.gserviceaccount.com" }
  }
}

variables {
  project_id      = "test-project"
  build_directory = "./tests/private"
  environment     = { OLLAMA_HOST = "https://ollama.example.com" }
  secret_versions = { "openai-api-key" = "1", "gemini-api-key" = "3" }
  secret_values   = { "openai-api-key" = "value-of-a-key", "gemini-api-key" = "value-of-another" }
}

run "every_secret_exists_and_has_its_readers_alone" {
  assert {
    condition     = toset(keys(google_secret_manager_secret.this)) == toset(["anthropic-api-key", "gemini-api-key", "openai-api-key"])
    error_message = "A secret of the configuration is missing, or there is one that nobody needs."
  }
  assert {
    condition = toset([for reader in google_secret_manager_secret_iam_member.reader : reader.role]) == toset(["roles/secretmanager.secretAccessor"])

    error_message = "A function may do more with a secret than read it."
  }
  assert {
    condition     = [for name, reader in local.secret_readers : reader.function if reader.secret == "anthropic-api-key"] == ["chat"]
    error_message = "Others than chat may read a key that only its providers need."
  }
  assert {
    condition     = toset([for reader in local.secret_readers : reader.function if reader.secret == "gemini-api-key"]) == toset(keys(local.functions))
    error_message = "A function that embeds may not read the key of the embeddings."
  }
}

run "values_are_write_only" {
  assert {
    condition     = alltrue([for version in google_secret_manager_secret_version.this : version.secret_data == null && version.secret_data_wo == null])
    error_message = "The value of a secret is in the state."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret_version.this)) == toset(["gemini-api-key", "openai-api-key"])
    error_message = "A value was written that nobody gave, or one that was given was not."
  }
  assert {
    condition     = alltrue([for version in google_secret_manager_secret_version.this : version.deletion_policy == "DISABLE"])
    error_message = "An old value is destroyed at once."
  }
}

run "variables_that_are_keys_come_from_secrets" {
  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.this :
      [for variable in function.service_config[0].secret_environment_variables : "${variable.key}=${variable.secret}"] == ["OPENAI_API_KEY=openai-api-key"]
    ])
    error_message = "A variable of the configuration does not come from its secret."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : toset(keys(function.service_config[0].environment_variables)) == toset(["GOOGLE_CLOUD_PROJECT", "OLLAMA_HOST", "SLUICE_FORWARDED_HOPS"])])
    error_message = "A function has other plain variables than it needs."
  }
  assert {
    condition     = output.secrets_to_fill == tolist(["anthropic-api-key"])
    error_message = "The output does not say which secret still needs its value."
  }
}

run "a_key_is_no_plain_variable" {
  command = plan
  variables {
    environment = { OLLAMA_HOST = "https://ollama.example.com", OPENAI_API_KEY = "x" }
  }
  expect_failures = [var.environment]
}

run "a_value_that_looks_like_a_key_is_refused_whatever_its_name" {
  command = plan
  variables {
    environment = { OLLAMA_HOST = "https://ollama.example.com", SETTING = "sk-proj-0123456789" }
  }
  expect_failures = [var.environment]
}

run "rotation_reminds_by_an_alert" {
  variables {
    secret_rotation = { period_seconds = 7776000, first = "2027-03-01T09:00:00Z" }
  }
  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : secret.rotation[0].rotation_period == "7776000s" && length(secret.topics) == 1])
    error_message = "A secret is not reminded of."
  }
  assert {
    condition     = contains(keys(google_monitoring_alert_policy.this), "rotation")
    error_message = "Nobody hears the reminder."
  }
}
