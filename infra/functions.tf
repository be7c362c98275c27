resource "google_cloudfunctions2_function" "this" {
  for_each = local.functions

  name        = "${var.prefix}-${each.key}"
  location    = var.region
  description = "Sluice ${each.key}"

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.value.entry_point
    docker_repository = google_artifact_registry_repository.this.id
    service_account   = google_service_account.builder.id

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.archive[each.key].name
      }
    }

    automatic_update_policy {}
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = each.value.min_instances
    max_instance_count               = each.value.max_instances
    timeout_seconds                  = each.value.timeout
    all_traffic_on_latest_revision   = true
    ingress_settings = (
      each.value.trigger == "firestore" ? "ALLOW_INTERNAL_ONLY"
      : var.edge == null ? "ALLOW_ALL"
      : "ALLOW_INTERNAL_AND_GCLB"
    )

    environment_variables = merge(
      { for name, value in var.environment : name => value },
      { GOOGLE_CLOUD_PROJECT = var.project_id },
      { SLUICE_FORWARDED_HOPS = var.edge == null ? "0" : "1" },
      { for service in google_cloud_run_v2_service.ollama : "OLLAMA_HOST" => service.uri },
    )

    dynamic "secret_environment_variables" {
      for_each = local.secret_variables
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[secret_environment_variables.value].secret_id
        version    = "latest"
      }
    }

    direct_vpc_egress = var.ollama == null ? null : "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    dynamic "direct_vpc_network_interface" {
      for_each = google_compute_subnetwork.functions
      content {
        network    = var.prefix
        subnetwork = direct_vpc_network_interface.value.name
      }
    }
  }

  dynamic "event_trigger" {
    for_each = each.value.trigger == "firestore" ? [true] : []
    content {
      event_type            = "google.cloud.firestore.document.v1.written"
      trigger_region        = local.database_location
      retry_policy          = "RETRY_POLICY_RETRY"
      service_account_email = google_service_account.trigger.email

      event_filters {
        attribute = "database"
        value     = google_firestore_database.this.name
      }
      event_filters {
        attribute = "document"
        value     = "${local._firestore.documents_collection}/{document}"
        operator  = "match-path-pattern"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.auth == local.requirements.auth_mode
      error_message = "auth is ${var.auth} here and ${local.requirements.auth_mode} in functions/agents.yaml (auth.mode). Make them equal and run npm run build."
    }
    precondition {
      condition     = var.ollama != null || !local.requirements.needs_ollama || contains(keys(var.environment), "OLLAMA_HOST")
      error_message = "functions/agents.yaml has an Ollama leg without an address. Set ollama here, or name the address: environment = { OLLAMA_HOST = \"https://…\" }."
    }
    precondition {
      condition     = (coalesce(local.requirements.forwarded_hops, var.edge == null ? 0 : 1) > 0) == (var.edge != null)
      error_message = "limits.forwarded_hops in functions/agents.yaml is ${coalesce(local.requirements.forwarded_hops, 0)} and edge is ${var.edge == null ? "not set: callers could choose the address that their limits go by" : "set: all callers would share the limits of one address"}. Take forwarded_hops out, which follows edge then, or set edge; run npm run build."
    }
    precondition {
      condition     = each.value.concurrency == 1 || tonumber(each.value.cpu) >= 1
      error_message = "More than one request at a time needs a whole CPU: raise cpu to 1, or set concurrency to 1."
    }
  }

  # What an instance needs when it starts, and what its build needs.
  depends_on = [
    google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_logs,
    google_project_iam_member.builder_sources,
    google_project_iam_member.firestore,
    google_project_iam_member.trigger,
    google_secret_manager_secret_iam_member.reader,
    google_secret_manager_secret_version.this,
  ]
}

# A function is a Cloud Run service of the same name, and this is the role that
# lets a caller in.
locals {
  invokers = merge(
    var.auth == "iam" ? {
      for pair in setproduct(keys(local.http_functions), var.invokers) :
      "${pair[0]}/${pair[1]}" => { function = pair[0], member = pair[1] }
    } : {},
    # Tries the functions when it has deployed them.
    var.auth == "iam" && var.build != null ? {
      for name in keys(local.http_functions) : "${name}/deployer" => {
        function = name
        member   = google_service_account.deployer["main"].member
      }
    } : {},
    # Behind a key, everybody may knock.
    var.auth == "api_key" ? {
      for name in keys(local.http_functions) : "${name}/allUsers" => { function = name, member = "allUsers" }
    } : {},
    local.iap ? {
      for name in keys(local.http_functions) : "${name}/iap" => {
        function = name
        member   = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-iap.iam.gserviceaccount.com"
      }
    } : {},
    {
      for name in keys(local.event_functions) : "${name}/trigger" => {
        function = name
        member   = google_service_account.trigger.member
      }
    },
  )
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = local.invokers

  name     = google_cloudfunctions2_function.this[each.value.function].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value.member
}
