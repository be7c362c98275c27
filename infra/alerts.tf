resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alerts.emails)

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.this]
}

locals {
  _run = "monitored_resource=\"cloud_run_revision\""
  _ours = join(",", [
    local._run,
    "service_name=~\"${var.prefix}-(${join("|", keys(local.functions))})\"",
  ])

  # Each is an expression that is true of something when help is needed.
  alerts = merge(
    {
      errors = {
        title  = "Many requests fail"
        query  = "sum(rate(run_googleapis_com:request_count{${local._ours},response_code_class=\"5xx\"}[10m])) / sum(rate(run_googleapis_com:request_count{${local._ours}}[10m])) > ${var.alerts.error_ratio}"
        advice = "More than ${var.alerts.error_ratio * 100} % of the requests were answered with a server error in the last ten minutes. The lines of severity ERROR name the code of each; README, Troubleshooting, says what it means."
      }
      latency = {
        title  = "Answers take long"
        query  = "histogram_quantile(0.95, sum by (le, function) (rate(${local.promql.latency_seconds}_bucket{${local._run}}[10m]))) > ${var.alerts.latency_p95}"
        advice = "One request in twenty took more than ${var.alerts.latency_p95} seconds, streams to their end. The dashboard shows which provider."
      }
      cost = {
        title  = "Models cost more than planned"
        query  = "sum(increase(${local.promql.cost_usd}_sum{${local._run}}[1d])) > ${var.alerts.daily_cost_usd}"
        advice = "Calls of the last 24 hours cost more than ${var.alerts.daily_cost_usd} USD. GET /v1/usage says whose; limits.daily_usd in agents.yaml ends it."
      }
      unanswered = {
        title  = "No provider answers"
        query  = "sum(increase(${local.promql.unanswered}{${local._run}}[5m])) > 3"
        advice = "Chats ended without an answer from any provider. sluice.attempts in the answers, and the lines \"leg failed\", name the code of each."
      }
      blocked = {
        title  = "Outgoing requests are refused"
        query  = "sum by (reason) (increase(${local.promql.requests_blocked}{${local._run}}[15m])) > 0"
        advice = "The guard refused an address. Somebody tries to reach inside, or an endpoint in agents.yaml is wrong."
      }
      ingestion = {
        title  = "Documents are not ingested"
        query  = "sum(increase(${local.promql.ingestions_failed}{${local._run}}[30m])) > 0 or sum(increase(${local.promql.dead_letters}{${local._run}}[30m])) > 0"
        advice = "GET /v1/documents/ID says why; POST /v1/documents/ID/retry tries again."
      }
    },
    var.secret_rotation == null ? {} : {
      rotation = {
        title  = "A secret is due for a new value"
        query  = "sum by (topic_id) (increase(pubsub_googleapis_com:topic_send_message_operation_count{topic_id=\"${var.prefix}-secret-rotation\"}[1h])) > 0"
        advice = "Add a new value with gcloud secrets versions add, and withdraw the old one at its vendor."
      }
    },
  )
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "${var.prefix}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.key == "cost" || each.key == "rotation" ? "WARNING" : "ERROR"
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = "0s"
      evaluation_interval = "60s"
      # The metrics of logs are not there before their first line.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = each.value.advice
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_logging_metric.this]
}

# The functions say themselves, once a day, when observability.cost_alert_threshold
# of the configuration is passed.
resource "google_monitoring_alert_policy" "cost_threshold" {
  display_name          = "${var.prefix}: The day's cost is above the configured threshold"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = "cost alert"

    condition_matched_log {
      filter = "${local._logs} AND jsonPayload.message=\"cost alert\""
    }
  }

  documentation {
    content   = "The line says what the day has cost so far. GET /v1/usage says whose calls it were."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "3600s"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_billing_budget" "this" {
  for_each = var.budget == null ? {} : { monthly = var.budget }

  billing_account = each.value.billing_account
  display_name    = "${var.prefix} in ${var.project_id}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(floor(each.value.monthly_usd))
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  dynamic "all_updates_rule" {
    for_each = length(var.alerts.emails) > 0 ? [true] : []
    content {
      monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
    }
  }

  depends_on = [google_project_service.this]
}
