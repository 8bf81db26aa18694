resource "aws_s3_bucket" "store" {
  bucket = var.store_bucket
}

resource "aws_s3_bucket_public_access_block" "store" {
  bucket                  = aws_s3_bucket.store.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "store" {
  count  = var.key_arn != "" ? 1 : 0
  bucket = aws_s3_bucket.store.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
    bucket_key_enabled = true
  }
}

# Rows and outputs that nobody reads any more: the service deletes nothing.
resource "aws_s3_bucket_lifecycle_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  rule {
    id     = "transform"
    status = "Enabled"
    filter {
      prefix = "service/transform/"
    }
    expiration {
      days = 30
    }
  }
  rule {
    id     = "async"
    status = "Enabled"
    filter {
      prefix = "${local.async_folder}/"
    }
    expiration {
      days = 30
    }
  }
}
