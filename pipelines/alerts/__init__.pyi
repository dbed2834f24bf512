from .channel import Channel, ChannelBusyError, ChannelRefusedError, Notice, Receipt
from .channels import open_channels
from .container_deaths import ScheduledWork, container_alerts
from .grouping import group_alerts
from .incidents import (
    Incident,
    close_incident,
    delete_old_alerts,
    incident_extent,
    list_incidents,
)
from .lateness import find_late_days, record_late_days
from .message import plain
from .notices import MINUTE_FORMAT, SHARDS_NAMED, incident_notice
from .outbox import (
    About,
    Event,
    Occasion,
    accept_markers,
    alert_for_error,
    append_alerts,
    error_kind,
    has_alert_since,
    release_alerts,
)
from .recorder import (
    about_task,
    record_failure,
    record_failure_later,
    record_failures,
    release_at_exit,
    run_id,
)
from .recovery import Recovery
from .sender import Sender
from .sender_lease import Lease, LeaseLostError
from .sender_process import end_of_run, start_sender
from .telegram.channel import TelegramChannel

__all__ = [
    "About",
    "Channel",
    "ChannelBusyError",
    "ChannelRefusedError",
    "Event",
    "Incident",
    "Lease",
    "LeaseLostError",
    "MINUTE_FORMAT",
    "Notice",
    "Occasion",
    "Receipt",
    "Recovery",
    "SHARDS_NAMED",
    "ScheduledWork",
    "Sender",
    "TelegramChannel",
    "about_task",
    "accept_markers",
    "alert_for_error",
    "append_alerts",
    "close_incident",
    "container_alerts",
    "delete_old_alerts",
    "end_of_run",
    "error_kind",
    "find_late_days",
    "group_alerts",
    "has_alert_since",
    "incident_extent",
    "incident_notice",
    "list_incidents",
    "open_channels",
    "plain",
    "record_failure",
    "record_failure_later",
    "record_failures",
    "record_late_days",
    "release_alerts",
    "release_at_exit",
    "run_id",
    "start_sender",
]
