"""The verbs, a file for each kind; `pipelines.operations.table` lists them all."""
