# Only where there is an Ollama. Requests to private addresses take this network,
# all others leave directly, so that no NAT is needed. The zone gives *.run.app a
# private address, which makes the functions' requests to Ollama internal ones.

resource "google_compute_network" "this" {
  for_each = local._ollama

  name                    = var.prefix
  auto_create_subnetworks = false

  depends_on = [google_project_service.this]
}

resource "google_compute_subnetwork" "functions" {
  for_each = google_compute_network.this

  name                     = "${var.prefix}-functions"
  network                  = each.value.id
  region                   = var.region
  ip_cidr_range            = "10.8.0.0/22"
  private_ip_google_access = true
}

resource "google_dns_managed_zone" "run" {
  for_each = google_compute_network.this

  name        = "${var.prefix}-run-app"
  dns_name    = "run.app."
  description = "Cloud Run by Google's private addresses"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = each.value.id
    }
  }
}

resource "google_dns_record_set" "private" {
  for_each = google_dns_managed_zone.run

  managed_zone = each.value.name
  name         = "run.app."
  type         = "A"
  ttl          = 300
  rrdatas      = ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]
}

resource "google_dns_record_set" "services" {
  for_each = google_dns_managed_zone.run

  managed_zone = each.value.name
  name         = "*.run.app."
  type         = "CNAME"
  ttl          = 300
  rrdatas      = ["run.app."]
}
