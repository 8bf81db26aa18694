# Runs the migration as a task, and waits for its end. Needs AWS's CLI; services.tf sets the variables.
set -eu
task=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$TASK" --launch-type FARGATE \
  --network-configuration "awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP]}" \
  --query 'tasks[0].taskArn' --output text)
if [ "$task" = None ]; then
  echo "The migration's task was not started: ECS had no room for it, or does not let you start it." >&2
  exit 1
fi
tries=0
until [ "$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" --query 'tasks[0].lastStatus' --output text)" = STOPPED ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt "${TRIES:-360}" ]; then
    echo "The migration has not ended yet: $task" >&2
    exit 1
  fi
  sleep "${PAUSE:-5}"
done
code=$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" --query 'tasks[0].containers[0].exitCode' --output text)
if [ "$code" != 0 ]; then
  echo "The migration failed (exit code $code); its log is in $LOG_GROUP." >&2
  exit 1
fi
