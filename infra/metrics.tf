# Metrics from the lines that the functions log. A line is one JSON object; its
# fields are jsonPayload here.

locals {
  # Names of functions hold letters, digits and dashes only.
  _services = join(" OR ", [for name in keys(local.functions) : "\"${var.prefix}-${name}\""])
  _logs     = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${local._services})"

  # A metric's name as PromQL knows it.
  metric_prefix = replace(var.prefix, "-", "_")
  promql        = { for name in keys(local.metrics) : name => "logging_googleapis_com:user_${local.metric_prefix}_${name}" }

  # Calls have a status, legs of a cascade a number; tokens and costs stand on the
  # lines of both, and are counted by leg.
  metrics = {
    latency_seconds = {
      description = "Time from a request to the end of its answer"
      filter      = "jsonPayload.status>0 AND jsonPayload.latency_seconds>=0"
      value       = "latency_seconds"
      unit        = "s"
      labels      = { function = "jsonPayload.function", status = "jsonPayload.status" }
      buckets     = { scale = 0.01, growth_factor = 1.6, num_finite_buckets = 28 }
    }
    provider_latency_seconds = {
      description = "Time that a provider took, retries included, streams to their end"
      filter      = "jsonPayload.leg>0 AND jsonPayload.sends>0"
      value       = "latency_seconds"
      unit        = "s"
      labels      = { provider = "jsonPayload.provider" }
      buckets     = { scale = 0.01, growth_factor = 1.6, num_finite_buckets = 28 }
    }
    first_token_seconds = {
      description = "Time from the call of a provider to the first output of its stream"
      filter      = "jsonPayload.leg>0 AND jsonPayload.time_to_first_token_seconds>=0"
      value       = "time_to_first_token_seconds"
      unit        = "s"
      labels      = { provider = "jsonPayload.provider" }
      buckets     = { scale = 0.01, growth_factor = 1.6, num_finite_buckets = 20 }
    }
    prompt_tokens = {
      description = "Tokens sent to models"
      filter      = "jsonPayload.prompt_tokens>0 AND NOT jsonPayload.status:*"
      value       = "prompt_tokens"
      unit        = "{token}"
      labels      = { provider = "jsonPayload.provider", model = "jsonPayload.model" }
      buckets     = { scale = 16, growth_factor = 2, num_finite_buckets = 17 }
    }
    completion_tokens = {
      description = "Tokens that models wrote"
      filter      = "jsonPayload.completion_tokens>0 AND NOT jsonPayload.status:*"
      value       = "completion_tokens"
      unit        = "{token}"
      labels      = { provider = "jsonPayload.provider", model = "jsonPayload.model" }
      buckets     = { scale = 16, growth_factor = 2, num_finite_buckets = 14 }
    }
    cost_usd = {
      description = "Cost of calls, where prices are known"
      filter      = "jsonPayload.cost_usd>0 AND jsonPayload.provider:* AND NOT jsonPayload.status:*"
      value       = "cost_usd"
      unit        = "USD"
      labels      = { provider = "jsonPayload.provider", model = "jsonPayload.model" }
      buckets     = { scale = 0.00001, growth_factor = 2, num_finite_buckets = 24 }
    }
    errors = {
      description = "Requests that failed, by the code of the error"
      filter      = "jsonPayload.status>=400 AND jsonPayload.code:*"
      labels      = { function = "jsonPayload.function", code = "jsonPayload.code" }
    }
    unanswered = {
      description = "Chats that no provider answered"
      filter      = "jsonPayload.exhausted=true"
      labels      = { code = "jsonPayload.code" }
    }
    legs_failed = {
      description = "Providers that failed and were stepped over, or broke off"
      filter      = "jsonPayload.message=\"leg failed\" OR jsonPayload.message=\"leg broke off\""
      labels      = { provider = "jsonPayload.provider", code = "jsonPayload.code" }
    }
    legs_retried = {
      description = "Attempts that were repeated at the same provider"
      filter      = "jsonPayload.message=\"leg retried\""
      labels      = { provider = "jsonPayload.provider", code = "jsonPayload.code" }
    }
    fallbacks = {
      description = "Answers by a provider that was not the first"
      filter      = "jsonPayload.message=\"leg answered\" AND jsonPayload.leg>1"
      labels      = { provider = "jsonPayload.provider" }
    }
    circuits_opened = {
      description = "Providers that are left alone after repeated failures"
      filter      = "jsonPayload.message=\"circuit\" AND jsonPayload.state=\"open\""
      labels      = { provider = "jsonPayload.provider" }
    }
    cache_lookups = {
      description = "Answers that were looked for in the cache"
      filter      = "jsonPayload.cache=\"hit\" OR jsonPayload.cache=\"miss\""
      labels      = { result = "jsonPayload.cache" }
    }
    requests_blocked = {
      description = "Outgoing requests that the guard refused"
      filter      = "jsonPayload.message=\"request blocked\""
      labels      = { reason = "jsonPayload.reason", target = "jsonPayload.target" }
    }
    ingestions_failed = {
      description = "Documents that could not be ingested"
      filter      = "jsonPayload.message=\"document failed\" OR jsonPayload.failed>0"
      labels      = { function = "jsonPayload.function" }
    }
    dead_letters = {
      description = "Documents that were given up after many attempts"
      filter      = "jsonPayload.message=\"document dead_letter\""
      labels      = { code = "jsonPayload.code" }
    }
    ingestion_lag_seconds = {
      description = "Time from the writing of a document to its passages"
      filter      = "jsonPayload.lag_seconds>=0"
      value       = "lag_seconds"
      unit        = "s"
      labels      = { function = "jsonPayload.function" }
      buckets     = { scale = 0.1, growth_factor = 2, num_finite_buckets = 20 }
    }
  }
}

resource "google_logging_metric" "this" {
  for_each = local.metrics

  name             = "${local.metric_prefix}_${each.key}"
  description      = each.value.description
  filter           = "${local._logs} AND (${each.value.filter})"
  value_extractor  = can(each.value.value) ? "EXTRACT(jsonPayload.${each.value.value})" : null
  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(${field})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit        = try(each.value.unit, "1")

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  dynamic "bucket_options" {
    for_each = can(each.value.buckets) ? [each.value.buckets] : []
    content {
      exponential_buckets {
        scale              = bucket_options.value.scale
        growth_factor      = bucket_options.value.growth_factor
        num_finite_buckets = bucket_options.value.num_finite_buckets
      }
    }
  }

  depends_on = [google_project_service.this]
}
