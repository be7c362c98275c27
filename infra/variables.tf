variable "alerts" {
  description = <<-EOT
    When to call for help, and whom. Without addresses alerts are shown in the
    console alone. `daily_cost_usd` is about the calls of models, as they are
    priced by the functions.
  EOT
  type = object({
    emails         = optional(list(string), [])
    error_ratio    = optional(number, 0.05)
    latency_p95    = optional(number, 30)
    daily_cost_usd = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alerts.error_ratio > 0 && var.alerts.error_ratio < 1
    error_message = "alerts.error_ratio is a share of the requests between 0 and 1, such as 0.05."
  }
}

variable "auth" {
  description = <<-EOT
    Who may call the functions: `iam` lets in the `invokers` alone, which Cloud
    Run checks; `api_key` lets everybody reach the functions, which then check
    keys. It must be what `auth.mode` says in functions/agents.yaml.
  EOT
  type        = string
  default     = "iam"
  nullable    = false

  validation {
    condition     = contains(["iam", "api_key"], var.auth)
    error_message = "auth is iam or api_key."
  }
}

variable "budget" {
  description = "Mails the billing administrators at 50, 90 and 100 % of a monthly sum. Needs rights on the billing account."
  type = object({
    billing_account = string
    monthly_usd     = number
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account looks like 012345-6789AB-CDEF01; gcloud billing accounts list shows it."
  }
}

variable "build" {
  description = <<-EOT
    Deploys a branch from Cloud Build, after somebody approved it. `repository`
    is the id of a connected repository:
    projects/P/locations/L/connections/C/repositories/R.
  EOT
  type = object({
    repository   = string
    branch       = optional(string, "^main$")
    environment  = optional(string, "prod")
    state_bucket = string
  })
  default = null

  validation {
    condition     = var.build == null || can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.build.repository))
    error_message = "build.repository is projects/P/locations/L/connections/C/repositories/R."
  }
}

variable "build_directory" {
  description = "Where `npm run build` has put the archives and infrastructure.json."
  type        = string
  default     = "../dist"
  nullable    = false
}

variable "database" {
  description = <<-EOT
    The Firestore database. Its location cannot be changed later; null is the
    region. `protect` keeps it from being deleted, also by terraform destroy.
  EOT
  type = object({
    location          = optional(string)
    protect           = optional(bool, true)
    point_in_time     = optional(bool, true)
    keep_backups_days = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.keep_backups_days >= 0 && var.database.keep_backups_days <= 98
    error_message = "Firestore keeps backups up to 14 weeks: database.keep_backups_days is 0 (none) to 98."
  }
}

variable "edge" {
  description = <<-EOT
    One address for all functions: an HTTPS load balancer with a managed
    certificate for `domain`, at most `requests_per_minute` per client address,
    and, with `iap_members`, Google's sign-in in front.
  EOT
  type = object({
    domain              = string
    requests_per_minute = optional(number, 300)
    iap_members         = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.edge == null || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.edge.domain))
    error_message = "edge.domain is a domain name such as llm.example.com."
  }
  validation {
    condition     = var.edge == null || var.auth == "api_key" || length(try(var.edge.iap_members, [])) > 0
    error_message = "A load balancer has no identity of its own: set auth = \"api_key\", or edge.iap_members for Google's sign-in."
  }
}

variable "environment" {
  description = "Values for variables that functions/agents.yaml names and that are no secrets."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length([for name in keys(var.environment) : name if can(regex("(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|HEADERS)", upper(name)))]) == 0
    error_message = "Keys, tokens, passwords and headers that hold them are secrets: take them out of environment, and give their values in secret_values."
  }
  validation {
    condition     = length([for value in values(var.environment) : value if can(regex("^(sk-|xai-|hf_|AIza|ya29\\.|redis://[^@]*:|rediss?://[^@]*@|postgres(ql)?://[^@]*@)", value))]) == 0
    error_message = "A value of environment looks like a key or an address with a password: make it a secret."
  }
}

variable "functions" {
  description = <<-EOT
    Changes to the settings of functions, by name: chat, embed, ingest, search,
    ingest-on-write, gateway. Most instances bound what a day can cost; a
    minimum above 0 costs money while idle.
  EOT
  type = map(object({
    memory        = optional(string)
    cpu           = optional(string)
    concurrency   = optional(number)
    min_instances = optional(number)
    max_instances = optional(number)
    timeout       = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition = length(setsubtract(
      keys(var.functions),
      ["chat", "embed", "ingest", "search", "ingest-on-write", "gateway"],
    )) == 0
    error_message = "functions knows chat, embed, ingest, search, ingest-on-write and gateway."
  }
  validation {
    condition     = alltrue([for settings in values(var.functions) : coalesce(settings.timeout, 60) <= 3600])
    error_message = "A function runs 3600 seconds at most."
  }
  validation {
    condition     = coalesce(try(var.functions["ingest-on-write"].timeout, null), 540) <= 540
    error_message = "A function that an event starts runs 540 seconds at most."
  }
}

variable "gateway" {
  description = "Deploy `gateway` too: all functions behind one URL, in one process."
  type        = bool
  default     = false
  nullable    = false
}

variable "invokers" {
  description = "Who may call the functions when auth is iam, such as user:ann@example.com or serviceAccount:app@project.iam.gserviceaccount.com."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setintersection(var.invokers, ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "Everybody is no invoker. Let keys decide: auth = \"api_key\", here and in functions/agents.yaml."
  }
}

variable "ollama" {
  description = <<-EOT
    An Ollama of one's own, reached from the functions alone. `image` is pinned
    by its digest and has its models inside (infra/ollama builds it). `parallel`
    is how many requests one instance answers at a time.
  EOT
  type = object({
    image         = string
    gpu           = optional(bool, false)
    cpu           = optional(number, 8)
    memory        = optional(string, "32Gi")
    parallel      = optional(number, 4)
    max_instances = optional(number, 1)
    environment   = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.ollama == null || can(regex("@sha256:[0-9a-f]{64}$", var.ollama.image))
    error_message = "ollama.image is pinned by its digest: …/ollama@sha256:…, which gcloud artifacts docker images list shows."
  }
  validation {
    condition     = try(var.ollama.parallel, 1) >= 1 && try(var.ollama.parallel, 1) <= 1000
    error_message = "ollama.parallel is 1 to 1000."
  }
  validation {
    condition = !try(var.ollama.gpu, false) || (
      try(var.ollama.cpu, 8) >= 4 && try(tonumber(trimsuffix(var.ollama.memory, "Gi")), 0) >= 16
    )
    error_message = "An L4 takes at least 4 CPUs and 16Gi: raise ollama.cpu and ollama.memory, or leave them out."
  }
}

variable "prefix" {
  description = "Begins the name of everything that is created; another one makes a second deployment in the same project."
  type        = string
  default     = "sluice"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,9}$", var.prefix))
    error_message = "prefix is 2 to 10 lower-case letters, digits and dashes: account names hold no more than 30 characters."
  }
}

variable "project_id" {
  description = "The Google Cloud project. It has to have a billing account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id, not its name or number."
  }
}

variable "region" {
  description = "Where the functions run."
  type        = string
  default     = "us-central1"
  nullable    = false
}

variable "search" {
  description = <<-EOT
    What is searched besides the default collection without a filter: names of
    further collections, and the metadata fields that filters name together.
    Firestore needs an index for each such set: `equal` for eq and in,
    `contains` for one list, `range` for the other comparisons.
  EOT
  type = object({
    collections = optional(set(string), [])
    filters = optional(list(object({
      equal    = optional(list(string), [])
      contains = optional(list(string), [])
      range    = optional(list(string), [])
    })), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for filter in var.search.filters : length(filter.contains) <= 1])
    error_message = "An index of Firestore holds one list at most."
  }
  validation {
    condition     = alltrue([for filter in var.search.filters : length(concat(filter.equal, filter.contains, filter.range)) > 0])
    error_message = "A filter names at least one field."
  }
}

variable "secret_rotation" {
  description = <<-EOT
    Reminds of changing keys: how many seconds a key is used, and when the first
    reminder is due (RFC 3339). Secret Manager's service agent has to exist:
    gcloud beta services identity create --service=secretmanager.googleapis.com
  EOT
  type = object({
    period_seconds = number
    first          = string
  })
  default = null

  validation {
    condition     = var.secret_rotation == null || can(timeadd(var.secret_rotation.first, "0s"))
    error_message = "secret_rotation.first is a time such as 2027-03-01T09:00:00Z."
  }
}

variable "secret_values" {
  description = <<-EOT
    Values of secrets by name, such as {"openai-api-key" = "sk-…"}. They reach
    Secret Manager and are in no plan and no state; give them in the environment
    (TF_VAR_secret_values) when `secret_versions` says that they are new.
  EOT
  type        = map(string)
  default     = {}
  ephemeral   = true
  nullable    = false
}

variable "secret_versions" {
  description = <<-EOT
    Which secrets get their value from here, and how often it has changed, such
    as {"openai-api-key" = "1"}: a higher number writes the value anew. Values of
    the others are added with gcloud secrets versions add.
  EOT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for version in values(var.secret_versions) : can(regex("^[1-9][0-9]*$", version))])
    error_message = "secret_versions holds whole numbers: 1, 2, …"
  }
}
