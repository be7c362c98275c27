locals {
  _charts = [
    { title = "Requests per second, by function and status", query = "sum by (function, status) (rate(${local.promql.latency_seconds}_count{${local._run}}[5m]))" },
    { title = "Latency p95 in seconds, by function", query = "histogram_quantile(0.95, sum by (le, function) (rate(${local.promql.latency_seconds}_bucket{${local._run}}[5m])))" },
    { title = "Errors, by code", query = "sum by (code) (increase(${local.promql.errors}{${local._run}}[5m]))" },
    { title = "Providers that failed, by code", query = "sum by (provider, code) (increase(${local.promql.legs_failed}{${local._run}}[5m]))" },
    { title = "Provider latency p95 in seconds", query = "histogram_quantile(0.95, sum by (le, provider) (rate(${local.promql.provider_latency_seconds}_bucket{${local._run}}[5m])))" },
    { title = "Time to first token p95 in seconds", query = "histogram_quantile(0.95, sum by (le, provider) (rate(${local.promql.first_token_seconds}_bucket{${local._run}}[5m])))" },
    { title = "Fallbacks, and retries by code", query = "sum by (provider) (increase(${local.promql.fallbacks}{${local._run}}[5m])) or sum by (provider, code) (increase(${local.promql.legs_retried}{${local._run}}[5m]))" },
    { title = "Cost in USD per hour, by model", query = "sum by (provider, model) (increase(${local.promql.cost_usd}_sum{${local._run}}[1h]))" },
    { title = "Tokens per minute", query = "60 * (sum by (model) (rate(${local.promql.prompt_tokens}_sum{${local._run}}[5m])) + sum by (model) (rate(${local.promql.completion_tokens}_sum{${local._run}}[5m])))" },
    { title = "Circuits opened", query = "sum by (provider) (increase(${local.promql.circuits_opened}{${local._run}}[5m]))" },
    { title = "Cache, by result", query = "sum by (result) (increase(${local.promql.cache_lookups}{${local._run}}[5m]))" },
    { title = "Refused addresses", query = "sum by (reason, target) (increase(${local.promql.requests_blocked}{${local._run}}[5m]))" },
    { title = "Documents not ingested, and given up", query = "sum by (function) (increase(${local.promql.ingestions_failed}{${local._run}}[5m])) or sum by (code) (increase(${local.promql.dead_letters}{${local._run}}[5m]))" },
    { title = "Ingestion lag p95 in seconds", query = "histogram_quantile(0.95, sum by (le) (rate(${local.promql.ingestion_lag_seconds}_bucket{${local._run}}[15m])))" },
    { title = "Instances", query = "sum by (service_name) (run_googleapis_com:container_instance_count{${local._ours}})" },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = var.prefix
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local._charts : {
          xPos   = index % 2 * 24
          yPos   = floor(index / 2) * 16
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType        = "LINE"
                timeSeriesQuery = { prometheusQuery = chart.query }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.this]
}
