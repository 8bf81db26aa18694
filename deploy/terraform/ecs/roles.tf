# What starts the tasks: it pulls the image, reads the secrets and writes the logs. The tasks' own roles are made by the
# folder above.
module "tasks" {
  source          = "./tasks"
  name            = var.name
  region          = var.region
  image           = var.image
  settings        = var.settings
  host_name       = var.host_name
  secrets         = var.secrets
  owner_secrets   = var.owner_secrets
  with_secret_key = var.secret_key_arn != ""
  most            = { api = var.api_tasks.max, worker = var.worker_tasks }
  words = {
    region                 = var.region
    account                = data.aws_caller_identity.current.account_id
    service_name           = var.name
    service_repository_arn = var.image_repository_arn
    secret_key_arn         = var.secret_key_arn
  }
}

resource "aws_iam_role" "execution" {
  for_each           = module.tasks.policies
  name               = "${var.name}-start-${each.key}"
  assume_role_policy = module.tasks.trust
}

resource "aws_iam_role_policy" "execution" {
  for_each = merge([
    for task, policies in module.tasks.policies : {
      for name, json in policies : "${task}:${name}" => { task = task, name = name, json = json }
    }
  ]...)
  role   = aws_iam_role.execution[each.value.task].name
  name   = each.value.name
  policy = each.value.json
}

resource "aws_iam_role_policy" "exec" {
  count  = var.exec ? 1 : 0
  role   = reverse(split("/", var.task_role_arns.worker))[0]
  name   = "exec"
  policy = module.tasks.exec_policy
}
