# Deploys a branch with cloudbuild.yaml, where `build` asks for it.

locals {
  _build = var.build == null ? {} : { main = var.build }

  # What an account needs that creates everything in this folder.
  _deployer_roles = [
    "roles/artifactregistry.admin",
    "roles/cloudbuild.builds.editor",
    "roles/cloudfunctions.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.networkAdmin",
    "roles/compute.securityAdmin",
    "roles/datastore.owner",
    "roles/dns.admin",
    "roles/eventarc.admin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/iap.admin",
    "roles/logging.configWriter",
    "roles/logging.logWriter",
    "roles/monitoring.admin",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
}

resource "google_service_account" "deployer" {
  for_each = local._build

  account_id   = "${var.prefix}-deployer"
  display_name = "Sluice deployments"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "deployer" {
  for_each = var.build == null ? toset([]) : toset(local._deployer_roles)

  project = var.project_id
  role    = each.key
  member  = google_service_account.deployer["main"].member
}

resource "google_cloudbuild_trigger" "deploy" {
  for_each = local._build

  name               = "${var.prefix}-deploy"
  description        = "Plans and applies what was approved"
  location           = split("/", each.value.repository)[3]
  service_account    = google_service_account.deployer[each.key].id
  filename           = "cloudbuild.yaml"
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"

  repository_event_config {
    repository = each.value.repository
    push {
      branch = each.value.branch
    }
  }

  approval_config {
    approval_required = true
  }

  substitutions = {
    _APPLY        = "true"
    _DEPLOYER     = google_service_account.deployer[each.key].account_id
    _ENVIRONMENT  = each.value.environment
    _PROJECT      = var.project_id
    _STATE_BUCKET = each.value.state_bucket
  }

  depends_on = [google_project_iam_member.deployer]
}
