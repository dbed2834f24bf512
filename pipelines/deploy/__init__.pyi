from .aws import stack_outputs
from .configuration import configuration_faults, read_secrets
from .ecs_task import follow_task, start_task, task_exit_code
from .parameters import parameter_faults, parameter_values, read_parameters
from .template import load_template, stack
from .template_checks import planned_resources, template_faults

__all__ = [
    "configuration_faults",
    "follow_task",
    "load_template",
    "parameter_faults",
    "parameter_values",
    "planned_resources",
    "read_parameters",
    "read_secrets",
    "stack",
    "stack_outputs",
    "start_task",
    "task_exit_code",
    "template_faults",
]
