# What the build has found the configuration to need, and what follows from it.

locals {
  requirements = jsondecode(file("${var.build_directory}/infrastructure.json"))

  # By name, what is deployed of what was built.
  functions = {
    for name, needs in local.requirements.functions : name => merge(
      needs,
      local._defaults[name],
      { for setting, value in try(var.functions[name], {}) : setting => value if value != null },
      { archive = "${var.build_directory}/${name}.zip" },
    ) if name != "gateway" || var.gateway
  }
  http_functions  = { for name, function in local.functions : name => function if function.trigger == "http" }
  event_functions = { for name, function in local.functions : name => function if function.trigger == "firestore" }

  _defaults = {
    chat              = { memory = "512Mi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 20, timeout = 3600 }
    embed             = { memory = "512Mi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 10, timeout = 300 }
    ingest            = { memory = "1Gi", cpu = "1", concurrency = 4, min_instances = 0, max_instances = 10, timeout = 540 }
    search            = { memory = "512Mi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 10, timeout = 60 }
    "ingest-on-write" = { memory = "1Gi", cpu = "1", concurrency = 4, min_instances = 0, max_instances = 10, timeout = 540 }
    gateway           = { memory = "1Gi", cpu = "1", concurrency = 40, min_instances = 0, max_instances = 20, timeout = 3600 }
  }

  # Variables of the configuration that are no plain values are secrets, named
  # after them: OPENAI_API_KEY is openai-api-key.
  secret_variables = {
    for name in local.requirements.variables : name => lower(replace(name, "_", "-"))
    if !contains(keys(var.environment), name)
  }
  secrets = toset(concat(local.requirements.secrets, values(local.secret_variables)))

  # Which function may read which secret. Variables are in every environment.
  secret_readers = merge([
    for function, needs in local.functions : {
      for secret in toset(concat(needs.secrets, values(local.secret_variables))) :
      "${function}/${secret}" => { function = function, secret = secret }
    }
  ]...)

  database_location = coalesce(var.database.location, var.region)
}
