terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.26.0, < 9.0.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region

  # Quotas of APIs such as billing budgets are counted here, not where the
  # credentials come from.
  user_project_override = true
  billing_project       = var.project_id

  default_labels = { app = var.prefix }
}
