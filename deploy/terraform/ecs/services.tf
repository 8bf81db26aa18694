locals {
  # Migrations ask nothing of AWS, and act in no role.
  task_roles = { api = var.task_role_arns.service, worker = var.task_role_arns.worker, migrate = null }
}

resource "aws_ecs_cluster" "cluster" {
  name = var.name
}

resource "aws_cloudwatch_log_group" "log" {
  for_each          = module.tasks.containers
  name              = "/ecs/${var.name}/${each.key}"
  retention_in_days = var.log_days
}

resource "aws_ecs_task_definition" "task" {
  for_each                 = module.tasks.containers
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes[each.key].cpu
  memory                   = var.sizes[each.key].memory
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  task_role_arn            = local.task_roles[each.key]
  container_definitions    = each.value

  depends_on = [aws_cloudwatch_log_group.log, aws_iam_role_policy.execution]
  lifecycle {
    precondition {
      condition     = module.tasks.ends_in_time
      error_message = "PREDICT_TIMEOUT and SHUTDOWN_DELAY together are 105 seconds at most: Fargate ends a task after 120."
    }
    precondition {
      condition     = var.max_connections == 0 || module.tasks.connections <= var.max_connections
      error_message = "max_connections is ${var.max_connections}, and these tasks may want ${module.tasks.connections} while a deployment lasts. Lower settings.DATABASE_POOL_SIZE or the numbers of tasks, or put a pooler between."
    }
  }
}

# Before the services change; where it fails they stay as they are.
resource "terraform_data" "migrated" {
  count            = var.migrate ? 1 : 0
  triggers_replace = aws_ecs_task_definition.task["migrate"].arn

  provisioner "local-exec" {
    command = "sh ${path.module}/migrate.sh"
    environment = {
      AWS_REGION     = var.region
      CLUSTER        = aws_ecs_cluster.cluster.name
      TASK           = aws_ecs_task_definition.task["migrate"].arn
      SUBNETS        = join(",", var.task_subnets)
      SECURITY_GROUP = aws_security_group.tasks.id
      LOG_GROUP      = aws_cloudwatch_log_group.log["migrate"].name
    }
  }

  depends_on = [aws_vpc_security_group_egress_rule.tasks]
}

resource "aws_ecs_service" "api" {
  name                              = "api"
  cluster                           = aws_ecs_cluster.cluster.id
  task_definition                   = aws_ecs_task_definition.task["api"].arn
  desired_count                     = var.api_tasks.min
  launch_type                       = "FARGATE"
  health_check_grace_period_seconds = 120

  network_configuration {
    subnets         = var.task_subnets
    security_groups = [aws_security_group.tasks.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name   = "api"
    container_port   = module.tasks.port
  }

  # A release whose tasks do not start is taken back.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  depends_on = [terraform_data.migrated, aws_lb_listener.https]
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_ecs_service" "worker" {
  name                   = "worker"
  cluster                = aws_ecs_cluster.cluster.id
  task_definition        = aws_ecs_task_definition.task["worker"].arn
  desired_count          = var.worker_tasks
  launch_type            = "FARGATE"
  enable_execute_command = var.exec

  network_configuration {
    subnets         = var.task_subnets
    security_groups = [aws_security_group.tasks.id]
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  depends_on = [terraform_data.migrated, aws_iam_role_policy.exec]
}

resource "aws_appautoscaling_target" "api" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.cluster.name}/${aws_ecs_service.api.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.api_tasks.min
  max_capacity       = var.api_tasks.max
}

resource "aws_appautoscaling_policy" "api" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.api.service_namespace
  resource_id        = aws_appautoscaling_target.api.resource_id
  scalable_dimension = aws_appautoscaling_target.api.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 300
    scale_out_cooldown = 60
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
