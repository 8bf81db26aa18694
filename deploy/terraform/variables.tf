variable "region" {
  description = "The AWS region of everything."
  type        = string
}

variable "name" {
  description = "The endpoint's name, and what the names of its configurations, models and roles begin with. Small letters: so are the names in SageMaker's ARNs, by which the policies go."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9](-*[a-z0-9]){0,31}$", var.name))
    error_message = "name takes up to 32 small letters and digits, with hyphens between them."
  }
}

variable "image" {
  description = "The model's image, an address in ECR."
  type        = string
}

variable "image_repository_arn" {
  description = "The ARN of the image's repository, which the model's role may pull from."
  type        = string
}

variable "artifact_bucket" {
  description = "An existing bucket with the model artifacts."
  type        = string
}

variable "artifact_prefix" {
  description = "The folder of the artifacts in it, without a slash at its ends."
  type        = string
  default     = "models"
}

variable "artifact" {
  description = "The artifact's key below the folder, such as churn-4.tar.gz. Empty makes a multi-model endpoint of the folder: each version then names its own by target_model."
  type        = string
  default     = ""
}

variable "instance_type" {
  description = "Of the endpoint's instances."
  type        = string
  default     = "ml.m5.large"
}

variable "instance_count" {
  description = "How many the endpoint has."
  type        = number
  default     = 1
}

variable "store_bucket" {
  description = "The name of the bucket to make, for STORAGE_URL and for what an asynchronous endpoint reads and writes."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of that bucket, of the outputs of batch transform and of its volumes. Empty: S3's own key. Its key policy must let IAM decide (kms:* for the account), as by default."
  type        = string
  default     = ""
}

variable "asynchronous" {
  description = "Whether the endpoint is an asynchronous one."
  type        = bool
  default     = false
}

variable "transform" {
  description = "Whether workers may start batch transform jobs. They need an artifact."
  type        = bool
  default     = false
}

variable "assumed_role_arn" {
  description = "A role of another account that versions name by role_arn. Empty: none."
  type        = string
  default     = ""
}
