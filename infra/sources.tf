# Archives of the functions, and the images that are made of them.

resource "google_storage_bucket" "sources" {
  name                        = "${var.project_id}-${var.prefix}-sources"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  depends_on = [google_project_service.this]
}

# The name holds the hash of the archive: another archive is another object, and
# an object of another name is what makes Cloud Functions build again.
resource "google_storage_bucket_object" "archive" {
  for_each = local.functions

  bucket = google_storage_bucket.sources.name
  name   = "${each.key}-${filesha256(each.value.archive)}.zip"
  source = each.value.archive

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_artifact_registry_repository" "this" {
  repository_id = var.prefix
  location      = var.region
  format        = "DOCKER"
  description   = "Images of Sluice"

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.this]
}
