# What the tasks are told, what their execution roles may do, and sums over both. There is no resource in here: an apply
# of this folder alone needs neither an account nor a provider.

variable "name" {
  description = "What all is named after."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "image" {
  description = "The service's image."
  type        = string
}

variable "settings" {
  description = "The service's settings by their names."
  type        = map(string)
}

variable "host_name" {
  description = "The name under which the service is asked."
  type        = string
}

variable "secrets" {
  description = "ARNs in Secrets Manager by the names of the variables."
  type        = map(string)
}

variable "owner_secrets" {
  description = "The same, which migrations alone see."
  type        = map(string)
}

variable "words" {
  description = "What is put in for the words in $${...} of the execution roles' policies."
  type        = map(string)
}

variable "with_secret_key" {
  description = "Whether the secrets have a KMS key of their own."
  type        = bool
}

variable "most" {
  description = "How many tasks of the API and workers there may be."
  type        = object({ api = number, worker = number })
}

locals {
  folder = "${path.module}/../../../iam"
  port   = 8000

  # A call waits for PREDICT_TIMEOUT at most; the balancer has to wait longer, and the service keeps connections longer still.
  predict_timeout = ceil(tonumber(lookup(var.settings, "PREDICT_TIMEOUT", "70")))
  idle_timeout    = local.predict_timeout + 10
  given = merge(
    { ALLOWED_HOSTS = var.host_name, AWS_REGION = var.region, KEEP_ALIVE = tostring(local.idle_timeout + 15) },
    var.settings,
  )

  # ECS itself takes a task out of the balancer before it ends it. 120 seconds is the most that Fargate waits then.
  stop_timeout = 120
  ends_after   = local.predict_timeout + ceil(tonumber(lookup(var.settings, "SHUTDOWN_DELAY", "0"))) + 15

  # The image's own, which ECS leaves aside: of the API whether the process answers, of a worker whether its file was
  # touched. ECS replaces what is unhealthy, which does not bring a database back: hence the worker's quarter of an hour.
  is_well = ["CMD", "python", "-IS", "/srv/healthcheck.py"]
  tasks = {
    api = {
      command = ["serve", "--host", "0.0.0.0", "--port", tostring(local.port)]
      more    = {}
      secrets = var.secrets
      ports   = [local.port]
      check   = { command = local.is_well, interval = 10, timeout = 5, retries = 6, startPeriod = 120 }
    }
    worker = {
      command = ["worker"]
      more    = { WORKER_ALIVE_FILE = "/tmp/worker.alive" }
      secrets = var.secrets
      ports   = []
      check   = { command = local.is_well, interval = 90, timeout = 5, retries = 10, startPeriod = 120 }
    }
    migrate = {
      command = ["migrate", "--wait", "60"]
      more    = {}
      secrets = merge(var.secrets, var.owner_secrets)
      ports   = []
      check   = null
    }
  }

  # A secret's ARN has seven parts; what follows names a key in its JSON.
  secrets = {
    for task, one in local.tasks : task => distinct([
      for arn in values(one.secrets) : join(":", slice(split(":", arn), 0, 7))
    ])
  }

  pool = lookup(var.settings, "DATABASE_POOLER", "false") == "true" ? 0 : tonumber(lookup(var.settings, "DATABASE_POOL_SIZE", "10"))
}

output "containers" {
  description = "The containers of each task definition, as JSON."
  value = {
    for task, one in local.tasks : task => jsonencode([merge({
      name            = task
      image           = var.image
      command         = one.command
      essential       = true
      user            = "10001:10001"
      environment     = [for name, value in merge(local.given, one.more) : { name = name, value = value }]
      secrets         = [for name, arn in one.secrets : { name = name, valueFrom = arn }]
      portMappings    = [for port in one.ports : { containerPort = port, protocol = "tcp" }]
      stopTimeout     = local.stop_timeout
      linuxParameters = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = "/ecs/${var.name}/${task}"
          awslogs-region        = var.region
          awslogs-stream-prefix = "task"
        }
      }
    }, one.check == null ? {} : { healthCheck = one.check })])
  }
}

output "policies" {
  description = "Of each task's execution role by their names, as JSON."
  value = {
    for task, arns in local.secrets : task => merge(
      { execution = templatefile("${local.folder}/ecs/execution.json", var.words) },
      { for index, arn in arns : "secret-${index}" => templatefile("${local.folder}/ecs/secret.json", merge(var.words, { secret_arn = arn })) },
      var.with_secret_key ? { secret-kms = templatefile("${local.folder}/ecs/secret-kms.json", var.words) } : {},
    )
  }
}

output "trust" {
  description = "Who may act in an execution role, as JSON."
  value       = templatefile("${local.folder}/trust/service.json", var.words)
}

output "exec_policy" {
  description = "What ECS Exec needs of a task's role, as JSON."
  value       = templatefile("${local.folder}/ecs/exec.json", var.words)
}

output "port" {
  description = "Where the API listens."
  value       = local.port
}

output "idle_timeout" {
  description = "Seconds for which the balancer waits for an answer."
  value       = local.idle_timeout
}

output "deregistration_delay" {
  description = "Seconds that requests have which are under way when a task leaves."
  value       = local.predict_timeout + 5
}

output "ends_in_time" {
  description = "Whether Fargate waits for as long as the service may take to end."
  value       = local.ends_after <= local.stop_timeout
}

output "connections" {
  description = "How many the database has to have: while a deployment lasts there are twice the tasks, and 10 are left to others."
  value       = 2 * var.most.api * (local.pool + 1) + 2 * var.most.worker * (local.pool + 2) + 10
}
