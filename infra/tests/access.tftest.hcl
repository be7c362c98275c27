# Who reaches what. Applied to a pretended provider, so that every value is known.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = { member = "serviceAccount:mock@example.iam.gserviceaccount.com" }
  }
}

variables {
  # Terraform tests forget the default of an ephemeral variable.
  secret_values = {}

  project_id      = "test-project"
  build_directory = "./tests/private"
  gateway         = true
  invokers        = ["user:ann@example.com"]
  ollama          = { image = "us-docker.pkg.dev/test/sluice/ollama@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
}

run "nothing_is_public_by_default" {
  assert {
    condition     = length([for grant in google_cloud_run_v2_service_iam_member.invoker : grant if contains(["allUsers", "allAuthenticatedUsers"], grant.member)]) == 0
    error_message = "A function is open to everybody."
  }
  assert {
    condition     = length([for grant in google_cloud_run_v2_service_iam_member.ollama : grant if startswith(grant.member, "all")]) == 0
    error_message = "Ollama is open to everybody."
  }
  assert {
    condition     = google_storage_bucket.sources.public_access_prevention == "enforced"
    error_message = "The archives can be made public."
  }
  assert {
    condition     = alltrue([for name in ["chat", "embed", "ingest", "search", "gateway"] : contains(keys(google_cloud_run_v2_service_iam_member.invoker), "${name}/user:ann@example.com")])
    error_message = "An invoker may not call every function."
  }
}

run "only_the_trigger_starts_ingestion_from_events" {
  assert {
    condition     = [for name, grant in local.invokers : name if grant.function == "ingest-on-write"] == ["ingest-on-write/trigger"]
    error_message = "Somebody else than the trigger's account may send events."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["ingest-on-write"].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "The event function is reachable from the internet."
  }
}

run "ollama_is_internal_and_powerless" {
  assert {
    condition     = google_cloud_run_v2_service.ollama["main"].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "Ollama is reachable from the internet."
  }
  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.ollama)) == toset(["chat", "embed", "gateway"])
    error_message = "Others than those that chat and embed may call Ollama."
  }
  assert {
    condition     = google_cloud_run_v2_service.ollama["main"].template[0].service_account == google_service_account.ollama["main"].email
    error_message = "Ollama runs under an account that has roles."
  }
  assert {
    condition     = google_cloud_run_v2_service.ollama["main"].template[0].scaling[0].min_instance_count == 0
    error_message = "Ollama costs money while idle."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.ollama["main"].template[0].max_instance_request_concurrency ==
      tonumber(one([for env in google_cloud_run_v2_service.ollama["main"].template[0].containers[0].env : env.value if env.name == "OLLAMA_NUM_PARALLEL"]))
    )
    error_message = "Ollama gets more requests at a time than it answers."
  }
  assert {
    condition     = google_cloud_run_v2_service.ollama["main"].template[0].containers[0].startup_probe[0].http_get[0].path == "/api/tags"
    error_message = "Ollama gets requests before it has its models."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables.OLLAMA_HOST == google_cloud_run_v2_service.ollama["main"].uri])
    error_message = "A function looks for Ollama somewhere else."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].direct_vpc_egress == "VPC_EGRESS_PRIVATE_RANGES_ONLY"])
    error_message = "A function sends everything, or nothing, through the network."
  }
}

run "functions_reach_ollama_inside_the_network_without_nat" {
  assert {
    condition     = google_dns_managed_zone.run["main"].dns_name == "run.app." && google_dns_managed_zone.run["main"].visibility == "private"
    error_message = "Addresses of Cloud Run are looked up in public."
  }
  assert {
    condition     = google_dns_record_set.services["main"].name == "*.run.app." && google_dns_record_set.services["main"].rrdatas == tolist(["run.app."])
    error_message = "A service of Cloud Run has no private address."
  }
  assert {
    condition     = toset(google_dns_record_set.private["main"].rrdatas) == toset([for last in [8, 9, 10, 11] : "199.36.153.${last}"])
    error_message = "The addresses are not those of Private Google Access."
  }
  assert {
    condition     = google_compute_subnetwork.functions["main"].private_ip_google_access && !google_compute_network.this["main"].auto_create_subnetworks
    error_message = "The network does not lead to Google's private addresses."
  }
}

run "a_gpu_is_an_option" {
  variables {
    ollama = {
      image = "us-docker.pkg.dev/test/sluice/ollama@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      gpu   = true
    }
  }
  assert {
    condition = (
      google_cloud_run_v2_service.ollama["main"].template[0].node_selector[0].accelerator == "nvidia-l4" &&
      google_cloud_run_v2_service.ollama["main"].template[0].containers[0].resources[0].limits["nvidia.com/gpu"] == "1" &&
      google_cloud_run_v2_service.ollama["main"].template[0].containers[0].resources[0].cpu_idle == false
    )
    error_message = "The GPU is not there, or its processor sleeps."
  }
}

run "a_gpu_takes_its_processors_and_memory" {
  command = plan
  variables {
    ollama = {
      image = "us-docker.pkg.dev/test/sluice/ollama@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      gpu   = true
      cpu   = 2
    }
  }
  expect_failures = [var.ollama]
}

run "each_function_has_an_account_of_its_own_with_few_roles" {
  assert {
    condition     = toset(keys(google_service_account.function)) == toset(keys(google_cloudfunctions2_function.this))
    error_message = "A function has no account of its own."
  }
  assert {
    condition     = alltrue([for grant in google_project_iam_member.firestore : grant.role == "roles/datastore.user" && strcontains(grant.condition[0].expression, "/databases/knowledge\"")])
    error_message = "A function may use more than this database."
  }
  assert {
    condition     = toset(keys(google_project_iam_member.vertexai)) == toset(["chat", "gateway"])
    error_message = "A function that never calls Vertex AI may do so, or one that does may not."
  }
  assert {
    condition     = length([for grant in google_project_iam_member.deployer : grant]) == 0
    error_message = "The powerful account for deployments exists although nobody asked for it."
  }
  assert {
    condition = length(setintersection(
      concat(
        [for grant in google_project_iam_member.firestore : grant.role],
        [for grant in google_project_iam_member.vertexai : grant.role],
        [google_project_iam_member.trigger.role, google_project_iam_member.builder_logs.role, google_project_iam_member.builder_sources.role],
      ),
      ["roles/owner", "roles/editor", "roles/viewer", "roles/datastore.owner", "roles/secretmanager.admin", "roles/secretmanager.secretAccessor", "roles/run.admin"],
    )) == 0
    error_message = "An account has a role over the whole project that it does not need."
  }
}

run "keys_open_the_functions_and_nothing_else" {
  variables {
    build_directory = "./tests/keys"
    auth            = "api_key"
    ollama          = null
  }
  assert {
    condition     = toset([for name, grant in local.invokers : name if grant.member == "allUsers"]) == toset([for name in ["chat", "embed", "ingest", "search", "gateway"] : "${name}/allUsers"])
    error_message = "With keys, the HTTP functions are open to everybody, and those alone."
  }
  assert {
    condition     = length(google_compute_network.this) == 0
    error_message = "There is a network without anything to reach in it."
  }
}

run "auth_must_be_what_the_configuration_says" {
  command = plan
  variables {
    auth = "api_key"
  }
  expect_failures = [google_cloudfunctions2_function.this]
}

run "everybody_is_no_invoker" {
  command = plan
  variables {
    invokers = ["allUsers"]
  }
  expect_failures = [var.invokers]
}

run "an_ollama_leg_needs_an_ollama" {
  command = plan
  variables {
    ollama = null
  }
  expect_failures = [google_cloudfunctions2_function.this]
}

run "an_image_is_pinned_by_its_digest" {
  command = plan
  variables {
    ollama = { image = "ollama/ollama:latest" }
  }
  expect_failures = [var.ollama]
}
