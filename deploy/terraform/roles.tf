locals {
  async_folder = "async"

  words = {
    region               = var.region
    account              = data.aws_caller_identity.current.account_id
    endpoint             = var.name
    config_prefix        = "${var.name}-"
    model_prefix         = "${var.name}-"
    artifact_bucket      = var.artifact_bucket
    artifact_prefix      = var.artifact_prefix
    image_repository_arn = var.image_repository_arn
    bucket               = aws_s3_bucket.store.bucket
    prefix               = "service"
    storage_key_arn      = var.key_arn
    output_key_arn       = var.key_arn
    volume_key_arn       = var.key_arn
    async_bucket         = aws_s3_bucket.store.bucket
    async_input_prefix   = "${local.async_folder}/input"
    async_output_prefix  = "${local.async_folder}/output"
    async_failure_prefix = "${local.async_folder}/failure"
    role_arn             = var.assumed_role_arn
  }
}

module "policies" {
  source       = "./policies"
  words        = local.words
  asynchronous = var.asynchronous
  transform    = var.transform
  with_key     = var.key_arn != ""
  assumes_role = var.assumed_role_arn != ""
}

resource "aws_iam_role" "role" {
  for_each           = module.policies.trust
  name               = "${var.name}-${each.key}"
  assume_role_policy = each.value
}

resource "aws_iam_role_policy" "policy" {
  for_each = merge([
    for role, policies in module.policies.policies : {
      for name, json in policies : "${role}:${name}" => { role = role, name = name, json = json }
    }
  ]...)
  role   = aws_iam_role.role[each.value.role].name
  name   = replace(each.value.name, "/", "-")
  policy = each.value.json
}
