"""SageMaker Clarify's online explainer, played beside a model: exact where AWS's own draws samples."""
