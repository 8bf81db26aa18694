"""What explains a model's predictions on SageMaker: Clarify beside it, or its own container."""
