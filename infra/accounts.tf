# One account per function, with what that function needs and nothing else.

resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "${var.prefix}-${each.key}"
  display_name = "Sluice ${each.key}"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "firestore" {
  for_each = { for name, needs in local.functions : name => needs if needs.firestore }

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.function[each.key].member

  condition {
    title      = "This database alone"
    expression = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.this.name}\""
  }
}

resource "google_project_iam_member" "vertexai" {
  for_each = { for name, needs in local.functions : name => needs if needs.vertexai }

  project = var.project_id
  role    = "roles/aiplatform.user"
  member  = google_service_account.function[each.key].member
}

# Delivers the events of the database.
resource "google_service_account" "trigger" {
  account_id   = "${var.prefix}-trigger"
  display_name = "Sluice events of the database"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "trigger" {
  project = var.project_id
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.trigger.member
}

# Turns the archives into the images of the functions.
resource "google_service_account" "builder" {
  account_id   = "${var.prefix}-builder"
  display_name = "Sluice images of the functions"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "builder_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}

# Cloud Functions copies an archive into a bucket of its own before it is built,
# and gcloud builds submit puts the sources of the Ollama image into another.
resource "google_project_iam_member" "builder_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title = "Sources of functions alone"
    expression = join(" || ", [
      for bucket in [google_storage_bucket.sources.name, "gcf-v2-sources-", "gcf-v2-uploads-", "${var.project_id}_cloudbuild"] :
      "resource.name.startsWith(\"projects/_/buckets/${bucket}\")"
    ])
  }
}
