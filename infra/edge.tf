# One address for all functions, where `edge` asks for it.

locals {
  _edge = var.edge == null ? {} : { main = var.edge }
  iap   = length(try(var.edge.iap_members, [])) > 0

  # Functions with paths of their own; what no path names goes to chat.
  _edge_functions = var.edge == null ? {} : {
    for name, function in local.http_functions : name => function if length(function.paths) > 0
  }
}

resource "google_compute_global_address" "edge" {
  for_each = local._edge

  name = "${var.prefix}-edge"

  depends_on = [google_project_service.this]
}

resource "google_compute_managed_ssl_certificate" "edge" {
  for_each = local._edge

  name = "${var.prefix}-edge"

  managed {
    domains = [each.value.domain]
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local._edge_functions

  name                  = "${var.prefix}-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloudfunctions2_function.this[each.key].name
  }
}

resource "google_compute_security_policy" "edge" {
  for_each = local._edge

  name = "${var.prefix}-edge"

  rule {
    action      = "throttle"
    priority    = 1000
    description = "At most so many requests per minute and client address"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = each.value.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Default"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_backend_service" "function" {
  for_each = google_compute_region_network_endpoint_group.function

  name                  = "${var.prefix}-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge["main"].id

  backend {
    group = each.value.id
  }

  dynamic "iap" {
    for_each = local.iap ? [true] : []
    content {
      enabled = true
    }
  }
}

resource "google_iap_web_backend_service_iam_member" "member" {
  for_each = {
    for pair in setproduct(keys(local._edge_functions), try(var.edge.iap_members, [])) :
    "${pair[0]}/${pair[1]}" => { function = pair[0], member = pair[1] }
  }

  web_backend_service = google_compute_backend_service.function[each.value.function].name
  role                = "roles/iap.httpsResourceAccessor"
  member              = each.value.member
}

resource "google_compute_url_map" "edge" {
  for_each = local._edge

  name            = "${var.prefix}-edge"
  default_service = google_compute_backend_service.function["chat"].id

  host_rule {
    hosts        = [each.value.domain]
    path_matcher = "functions"
  }

  path_matcher {
    name            = "functions"
    default_service = google_compute_backend_service.function["chat"].id

    dynamic "path_rule" {
      for_each = local._edge_functions
      content {
        paths   = path_rule.value.paths
        service = google_compute_backend_service.function[path_rule.key].id
      }
    }
  }
}

resource "google_compute_target_https_proxy" "edge" {
  for_each = google_compute_url_map.edge

  name             = "${var.prefix}-edge"
  url_map          = each.value.id
  ssl_certificates = [google_compute_managed_ssl_certificate.edge[each.key].id]
}

resource "google_compute_global_forwarding_rule" "edge" {
  for_each = google_compute_target_https_proxy.edge

  name                  = "${var.prefix}-edge"
  target                = each.value.id
  ip_address            = google_compute_global_address.edge[each.key].id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
}
