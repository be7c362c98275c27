# For keeps: nothing is public, the database cannot be deleted by mistake, and
# every day is backed up.

project_id = "my-project-prod" # yours
region     = "us-central1"

# The accounts of the services that call.
invokers = ["serviceAccount:backend@my-project-prod.iam.gserviceaccount.com"]

database = {
  protect           = true
  point_in_time     = true
  keep_backups_days = 14
}

functions = {
  # One instance is always awake, so that the first question of the day is not
  # slow. It costs about 10 USD a month; 0 costs nothing.
  chat = { min_instances = 1, max_instances = 50 }
}

alerts = {
  emails         = ["oncall@example.com"]
  error_ratio    = 0.02
  latency_p95    = 20
  daily_cost_usd = 50
}
