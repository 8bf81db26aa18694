locals {
  folder_url = "s3://${var.artifact_bucket}/${var.artifact_prefix}/"
  container = {
    image          = var.image
    mode           = var.artifact == "" ? "MultiModel" : "SingleModel"
    model_data_url = "${local.folder_url}${var.artifact}"
  }
  # A model cannot be changed: another container is a model of another name.
  model_name = "${var.name}-${substr(sha256(jsonencode(local.container)), 0, 8)}"
}

resource "aws_sagemaker_model" "model" {
  name               = local.model_name
  execution_role_arn = aws_iam_role.role["execution"].arn

  primary_container {
    image          = local.container.image
    mode           = local.container.mode
    model_data_url = local.container.model_data_url
  }

  depends_on = [aws_iam_role_policy.policy]
  lifecycle {
    create_before_destroy = true
    precondition {
      condition     = !(var.transform && var.artifact == "")
      error_message = "transform needs an artifact: a transform job knows no target models."
    }
  }
}

resource "aws_sagemaker_endpoint_configuration" "configuration" {
  name_prefix = "${var.name}-"

  production_variants {
    variant_name           = "all"
    model_name             = aws_sagemaker_model.model.name
    instance_type          = var.instance_type
    initial_instance_count = var.instance_count
  }

  dynamic "async_inference_config" {
    for_each = var.asynchronous ? [1] : []
    content {
      output_config {
        s3_output_path  = "s3://${aws_s3_bucket.store.bucket}/${local.async_folder}/output/"
        s3_failure_path = "s3://${aws_s3_bucket.store.bucket}/${local.async_folder}/failure/"
        kms_key_id      = var.key_arn != "" ? var.key_arn : null
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "endpoint" {
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.configuration.name
}
