output "balancer" {
  description = "The address that the DNS record of host_name leads to."
  value       = aws_lb.balancer.dns_name
}

output "tasks_security_group" {
  description = "Whom the database's security group lets in."
  value       = aws_security_group.tasks.id
}

output "cluster" {
  description = "For AWS's CLI."
  value       = aws_ecs_cluster.cluster.name
}
