"""The way to AWS Fargate: checks a deployment offline, and starts single runs there."""
