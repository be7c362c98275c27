# An Ollama that only the functions reach: over the network, through Cloud Run's
# own check of their accounts. Its account has no roles.

locals {
  _ollama = var.ollama == null ? {} : { main = var.ollama }
}

resource "google_service_account" "ollama" {
  for_each = local._ollama

  account_id   = "${var.prefix}-ollama"
  display_name = "Sluice Ollama"

  depends_on = [google_project_service.this]
}

resource "google_cloud_run_v2_service" "ollama" {
  for_each = local._ollama

  name                = "${var.prefix}-ollama"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false

  template {
    service_account                  = google_service_account.ollama[each.key].email
    timeout                          = "600s"
    max_instance_request_concurrency = each.value.parallel
    gpu_zonal_redundancy_disabled    = each.value.gpu ? true : null

    scaling {
      min_instance_count = 0
      max_instance_count = each.value.max_instances
    }

    dynamic "node_selector" {
      for_each = each.value.gpu ? ["nvidia-l4"] : []
      content {
        accelerator = node_selector.value
      }
    }

    containers {
      image = each.value.image

      ports {
        container_port = 8080
      }

      dynamic "env" {
        for_each = merge({
          OLLAMA_HOST         = "0.0.0.0:8080"
          OLLAMA_NUM_PARALLEL = tostring(each.value.parallel)
          OLLAMA_KEEP_ALIVE   = "-1"
        }, each.value.environment)
        content {
          name  = env.key
          value = env.value
        }
      }

      resources {
        limits = merge(
          { cpu = tostring(each.value.cpu), memory = each.value.memory },
          each.value.gpu ? { "nvidia.com/gpu" = "1" } : {},
        )
        # A GPU is billed with the instance, and needs its processor throughout.
        cpu_idle          = !each.value.gpu
        startup_cpu_boost = true
      }

      # Ready when it lists its models, which takes a while: weights are large.
      # Cloud Run allows four minutes.
      startup_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 24

        http_get {
          path = "/api/tags"
          port = 8080
        }
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_cloud_run_v2_service_iam_member" "ollama" {
  for_each = var.ollama == null ? {} : {
    for name, needs in local.functions : name => needs
    if needs.ollama || contains(["chat", "embed", "gateway"], name)
  }

  name     = google_cloud_run_v2_service.ollama["main"].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.function[each.key].member
}
