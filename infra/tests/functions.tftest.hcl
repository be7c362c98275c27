# The functions, and what stands before and behind them.

mock_provider "google" {}

variables {
  # Terraform tests forget the default of an ephemeral variable.
  secret_values = {}

  project_id      = "test-project"
  build_directory = "./tests/keys"
  auth            = "api_key"
}

run "functions_are_what_was_built" {
  assert {
    condition     = toset(keys(google_cloudfunctions2_function.this)) == toset(["chat", "embed", "ingest", "search", "ingest-on-write"])
    error_message = "A function is missing, or there is one that was not asked for."
  }
  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : function.build_config[0].entry_point == name && function.build_config[0].runtime == "nodejs24"])
    error_message = "A function has another entry point than the one its bundle registers."
  }
  assert {
    condition     = alltrue([for name, object in google_storage_bucket_object.archive : object.name == "${name}-${filesha256("./tests/keys/${name}.zip")}.zip"])
    error_message = "Another archive would not be deployed."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.build_config[0].service_account == google_service_account.builder.id && function.service_config[0].service_account_email != null])
    error_message = "A default account is used."
  }
}

run "timeouts_are_within_what_google_allows" {
  assert {
    condition = alltrue([
      for name, function in google_cloudfunctions2_function.this :
      function.service_config[0].timeout_seconds <= (name == "ingest-on-write" ? 540 : 3600)
    ])
    error_message = "A function may run longer than Google lets it."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["chat"].service_config[0].timeout_seconds == 3600
    error_message = "A long stream is cut off."
  }
}

run "idle_costs_nothing_and_busy_is_bounded" {
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].min_instance_count == 0 && function.service_config[0].max_instance_count <= 20])
    error_message = "A function costs money while idle, or has no bound."
  }
}

run "settings_change_one_function" {
  variables {
    functions = { chat = { memory = "1Gi", min_instances = 2 } }
    gateway   = true
  }
  assert {
    condition     = google_cloudfunctions2_function.this["chat"].service_config[0].available_memory == "1Gi" && google_cloudfunctions2_function.this["chat"].service_config[0].max_instance_count == 20
    error_message = "A setting was not taken over, or took others with it."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["gateway"].service_config[0].min_instance_count == 0
    error_message = "A setting of one function changed another."
  }
}

run "the_load_balancer_sends_every_path_to_its_function" {
  variables {
    edge = { domain = "llm.example.com" }
  }
  assert {
    condition = { for rule in google_compute_url_map.edge["main"].path_matcher[0].path_rule : one([
      for name, backend in google_compute_backend_service.function : name if backend.id == rule.service
      ]) => toset(rule.paths) } == {
      chat   = toset(["/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/v1/models/*", "/v1/responses"])
      embed  = toset(["/v1/embeddings"])
      ingest = toset(["/v1/documents", "/v1/documents/*"])
      search = toset(["/v1/search", "/v1/vector_stores/*"])
    }
    error_message = "A path leads to the wrong function."
  }
  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.this : name == "ingest-on-write" || function.service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"])
    error_message = "A function can be reached past the load balancer."
  }
  assert {
    condition     = alltrue([for backend in google_compute_backend_service.function : backend.security_policy == google_compute_security_policy.edge["main"].id])
    error_message = "A function has no rate limit in front of it."
  }
}

run "the_functions_know_of_the_load_balancer" {
  variables {
    edge = { domain = "llm.example.com" }
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables.SLUICE_FORWARDED_HOPS == "1"])
    error_message = "All callers share the limits of the load balancer's address."
  }
}

run "the_functions_know_of_no_proxy_without_one" {
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables.SLUICE_FORWARDED_HOPS == "0"])
    error_message = "Callers choose the address that their limits go by."
  }
}

run "a_configuration_that_counts_on_a_proxy_has_one" {
  variables {
    build_directory = "./tests/edge"
    edge            = { domain = "llm.example.com" }
  }
  assert {
    condition     = length(google_cloudfunctions2_function.this) > 0
    error_message = "What agrees is refused."
  }
}

run "a_proxy_that_is_not_there_is_not_counted_on" {
  command = plan
  variables {
    build_directory = "./tests/edge"
  }
  expect_failures = [google_cloudfunctions2_function.this]
}

run "sign_in_needs_no_keys" {
  variables {
    build_directory = "./tests/private"
    auth            = "iam"
    environment     = { OLLAMA_HOST = "https://ollama.example.com" }
    edge            = { domain = "llm.example.com", iap_members = ["group:people@example.com"] }
  }
  assert {
    condition     = length([for grant in local.invokers : grant if grant.member == "allUsers"]) == 0 && alltrue([for backend in google_compute_backend_service.function : backend.iap[0].enabled])
    error_message = "Sign-in is not what lets people in."
  }
  assert {
    condition     = toset(keys(output.iap_audiences)) == toset(["chat", "embed", "ingest", "search"]) && alltrue([for audience in values(output.iap_audiences) : can(regex("^/projects/[^/]*/global/backendServices/[0-9]+$", audience))])
    error_message = "Nobody can tell which assertions to accept."
  }
}

run "a_load_balancer_needs_a_way_to_tell_callers_apart" {
  command = plan
  variables {
    build_directory = "./tests/private"
    auth            = "iam"
    environment     = { OLLAMA_HOST = "https://ollama.example.com" }
    edge            = { domain = "llm.example.com" }
  }
  expect_failures = [var.edge]
}

run "an_event_function_runs_nine_minutes_at_most" {
  command = plan
  variables {
    functions = { "ingest-on-write" = { timeout = 600 } }
  }
  expect_failures = [var.functions]
}

run "a_function_runs_an_hour_at_most" {
  command = plan
  variables {
    functions = { chat = { timeout = 4000 } }
  }
  expect_failures = [var.functions]
}

run "a_misspelt_function_is_noticed" {
  command = plan
  variables {
    functions = { chats = {} }
  }
  expect_failures = [var.functions]
}

run "deployments_need_an_approval" {
  variables {
    build = { repository = "projects/test-project/locations/us-central1/connections/github/repositories/sluice", state_bucket = "state" }
  }
  assert {
    condition     = google_cloudbuild_trigger.deploy["main"].approval_config[0].approval_required && google_cloudbuild_trigger.deploy["main"].service_account == google_service_account.deployer["main"].id
    error_message = "A push is deployed without anybody's approval."
  }
  assert {
    condition     = length(setintersection(keys(google_project_iam_member.deployer), ["roles/owner", "roles/editor"])) == 0
    error_message = "The account for deployments may do everything."
  }
}

run "alerts_reach_somebody" {
  variables {
    alerts = { emails = ["ann@example.com"], daily_cost_usd = 5 }
    budget = { billing_account = "012345-6789AB-CDEF01", monthly_usd = 100 }
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : length(policy.notification_channels) == 1])
    error_message = "An alert reaches nobody."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["cost"].conditions[0].condition_prometheus_query_language[0].query, "> 5")
    error_message = "The cost alert does not go by its threshold."
  }
  assert {
    condition     = google_billing_budget.this["monthly"].amount[0].specified_amount[0].units == "100"
    error_message = "The budget is another one."
  }
}
