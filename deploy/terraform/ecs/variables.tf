variable "region" {
  description = "The AWS region of everything."
  type        = string
}

variable "name" {
  description = "What the cluster, services, roles and log groups are named after."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9](-*[a-z0-9]){0,23}$", var.name))
    error_message = "name takes up to 24 small letters and digits, with hyphens between them."
  }
}

variable "image" {
  description = "The service's image in ECR, best with its digest: ...dkr.ecr.eu-west-1.amazonaws.com/churn@sha256:..."
  type        = string
}

variable "image_repository_arn" {
  description = "The ARN of that image's repository, which tasks are started from."
  type        = string
}

variable "settings" {
  description = "The service's settings by their names, such as DEFAULT_MODEL and STORAGE_URL. No secret belongs here."
  type        = map(string)
  default     = {}
  validation {
    condition     = length(setintersection(keys(var.settings), ["DATABASE_URL", "DATABASE_DIRECT_URL", "MIGRATION_DATABASE_URL", "HOST", "PORT", "WORKER_ALIVE_FILE"])) == 0
    error_message = "settings holds what is neither secret (secrets) nor this example's own: HOST, PORT, WORKER_ALIVE_FILE."
  }
}

variable "secrets" {
  description = "ARNs in Secrets Manager by the names of variables: DATABASE_URL, DATABASE_DIRECT_URL, tokens of platforms. An ARN may end in :KEY:: for a key of a JSON secret."
  type        = map(string)
  validation {
    condition     = contains(keys(var.secrets), "DATABASE_URL")
    error_message = "secrets names at least DATABASE_URL."
  }
  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[a-z-]+:secretsmanager:", arn))])
    error_message = "secrets takes ARNs in Secrets Manager, and no secret itself."
  }
}

variable "owner_secrets" {
  description = "The same for migrations alone: MIGRATION_DATABASE_URL, of the role that owns the tables. Empty: one role does both."
  type        = map(string)
  default     = {}
}

variable "secret_key_arn" {
  description = "The KMS key of those secrets. Empty: Secrets Manager's own."
  type        = string
  default     = ""
}

variable "task_role_arns" {
  description = "The roles that the service and its workers act in: role_arns of the folder above, by their names service and worker."
  type        = object({ service = string, worker = string })
}

variable "vpc_id" {
  description = "Where it all runs."
  type        = string
}

variable "task_subnets" {
  description = "Private subnets of the tasks, in two zones or more. They reach ECR, Secrets Manager, CloudWatch, S3, SageMaker and the database, by a NAT gateway or by endpoints."
  type        = list(string)
}

variable "balancer_subnets" {
  description = "Subnets of the balancer, in two zones or more: public ones if it is not internal."
  type        = list(string)
}

variable "internal" {
  description = "Whether the balancer has private addresses only."
  type        = bool
  default     = true
}

variable "callers" {
  description = "Networks (CIDR) that may reach the balancer."
  type        = list(string)
}

variable "host_name" {
  description = "The name under which the service is asked. Its DNS record leads to the balancer, and the certificate is for it."
  type        = string
}

variable "certificate_arn" {
  description = "The balancer's certificate in ACM."
  type        = string
}

variable "sizes" {
  description = "CPU units and MiB of each task, as Fargate has them together."
  type        = map(object({ cpu = number, memory = number }))
  default = {
    api     = { cpu = 1024, memory = 2048 }
    worker  = { cpu = 512, memory = 1024 }
    migrate = { cpu = 512, memory = 1024 }
  }
}

variable "api_tasks" {
  description = "Fewest and most tasks of the API; in between they go by their CPU."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }
}

variable "worker_tasks" {
  description = "How many workers. 0: evaluations, jobs and operations wait."
  type        = number
  default     = 1
}

variable "max_connections" {
  description = "The database's max_connections. With it more tasks than it has room for are refused. 0: not looked at."
  type        = number
  default     = 0
}

variable "migrate" {
  description = "Whether an apply migrates the database before it changes the services. It needs AWS's CLI where Terraform runs."
  type        = bool
  default     = true
}

variable "exec" {
  description = "Whether commands may be run in a worker (ECS Exec): for the first key, and for doctor."
  type        = bool
  default     = false
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}
