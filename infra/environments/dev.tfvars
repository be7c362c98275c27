# For trying: goes away without a trace with terraform destroy.

project_id = "my-project-dev" # yours
region     = "us-central1"

# Who may call the functions; you, to begin with.
invokers = ["user:me@example.com"]

# One URL for everything beside the four.
gateway = true

database = {
  protect           = false
  point_in_time     = false
  keep_backups_days = 0
}

functions = {
  chat    = { max_instances = 3 }
  gateway = { max_instances = 3 }
}

alerts = { daily_cost_usd = 2 }
