resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  secret_id = each.key

  replication {
    auto {}
  }

  dynamic "topics" {
    for_each = google_pubsub_topic.rotation
    content {
      name = topics.value.id
    }
  }
  dynamic "rotation" {
    for_each = var.secret_rotation == null ? [] : [var.secret_rotation]
    content {
      rotation_period    = "${rotation.value.period_seconds}s"
      next_rotation_time = rotation.value.first
    }
  }

  # Google moves the time on after each reminder.
  lifecycle {
    ignore_changes = [rotation[0].next_rotation_time]
  }

  depends_on = [google_project_service.this, google_pubsub_topic_iam_member.rotation]
}

# An empty value is refused by Secret Manager, so a version that was raised
# without giving its value fails and changes nothing.
resource "google_secret_manager_secret_version" "this" {
  for_each = var.secret_versions

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = lookup(var.secret_values, each.key, "")
  secret_data_wo_version = each.value
  deletion_policy        = "DISABLE"
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local.secret_readers

  secret_id = google_secret_manager_secret.this[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member
}

# Reminders go to a topic; an alert reads them there.
resource "google_pubsub_topic" "rotation" {
  for_each = var.secret_rotation == null ? toset([]) : toset(["rotation"])

  name = "${var.prefix}-secret-rotation"

  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "rotation" {
  for_each = google_pubsub_topic.rotation

  topic  = each.value.id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
}
