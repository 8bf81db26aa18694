# Who gets which policies of deploy/iam, with their words put in. There is no resource in here: an apply of this
# folder alone needs neither an account nor a provider.

variable "words" {
  description = "What is put in for the words in $${...}."
  type        = map(string)
}

variable "asynchronous" {
  description = "Whether the endpoint is an asynchronous one."
  type        = bool
}

variable "transform" {
  description = "Whether workers may start batch transform jobs."
  type        = bool
}

variable "with_key" {
  description = "Whether a KMS key is the bucket's, the outputs' and the volumes'."
  type        = bool
}

variable "assumes_role" {
  description = "Whether versions name a role of another account."
  type        = bool
}

locals {
  folder = "${path.module}/../../iam"

  # What the service and its workers call alike.
  both = concat(
    ["revision", "storage", var.asynchronous ? "async" : "invoke"],
    var.with_key ? ["storage-kms"] : [],
    var.assumes_role ? ["assume"] : [],
  )
  names = {
    service = local.both
    worker = concat(
      local.both,
      ["register"],
      var.transform ? ["transform", "transform-tags"] : [],
      var.transform && var.with_key ? ["transform-kms"] : [],
    )
    execution = concat(
      ["execution/model"],
      var.transform ? ["execution/transform"] : [],
      var.transform && var.with_key ? ["execution/transform-kms"] : [],
      var.asynchronous ? ["execution/async"] : [],
      var.asynchronous && var.with_key ? ["storage-kms"] : [],
    )
  }
  trust = { service = "service", worker = "service", execution = "execution" }
}

output "policies" {
  description = "By the role and the policy's name, as JSON."
  value = {
    for role, names in local.names : role => {
      for name in names : name => templatefile("${local.folder}/${name}.json", var.words)
    }
  }
}

output "trust" {
  description = "Who may act in a role, by its name, as JSON."
  value       = { for role, name in local.trust : role => templatefile("${local.folder}/trust/${name}.json", var.words) }
}
