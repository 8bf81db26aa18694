output "environment" {
  description = "Settings of the service and its workers."
  value = {
    AWS_REGION  = var.region
    STORAGE_URL = "s3://${aws_s3_bucket.store.bucket}/${local.words.prefix}"
  }
}

output "role_arns" {
  description = "The roles of the service's and the workers' tasks, and that of the model."
  value       = { for name, role in aws_iam_role.role : name => role.arn }
}

output "options" {
  description = "What a version's options say; a multi-model endpoint needs target_model, too."
  value = merge(
    { endpoint_name = aws_sagemaker_endpoint.endpoint.name },
    var.transform ? {
      transform = merge(
        { model_name = aws_sagemaker_model.model.name, instance_type = "ml.m5.xlarge" },
        var.key_arn != "" ? { output_kms_key = var.key_arn, volume_kms_key = var.key_arn } : {},
      )
    } : {},
  )
}
