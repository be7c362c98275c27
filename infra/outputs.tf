output "urls" {
  description = "Where the functions are, by name. With a load balancer they answer at `edge` alone."
  value       = { for name in keys(local.http_functions) : name => google_cloudfunctions2_function.this[name].service_config[0].uri }
}

output "edge" {
  description = "The load balancer: point the domain's A record at the address; the certificate follows within the hour."
  value = var.edge == null ? null : {
    url     = "https://${var.edge.domain}"
    address = google_compute_global_address.edge["main"].address
  }
}

output "iap_audiences" {
  description = "What the assertions of Google's sign-in are made for; agents.yaml lists them under auth.iap_audiences to know who calls."
  value = local.iap ? {
    for name, backend in google_compute_backend_service.function :
    name => "/projects/${data.google_project.this.number}/global/backendServices/${backend.generated_id}"
  } : {}
}

output "auth" {
  description = "Who may call: iam or api_key."
  value       = var.auth
}

output "secrets_to_fill" {
  description = "Secrets whose values do not come from here. Add each with: gcloud secrets versions add NAME --data-file=-"
  value       = sort(setsubtract(local.secrets, keys(var.secret_versions)))
}

output "repository" {
  description = "Where images go, such as that of Ollama."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}
