from .channel import (
    WISH,
    Action,
    Channel,
    ChannelBusyError,
    ChannelRefusedError,
    Notice,
    Receipt,
)
from .channels import open_channels
from .container_deaths import ScheduledWork, container_alerts
from .grouping import group_alerts
from .handling import (
    HandledIncident,
    acknowledge_incident,
    close_incident,
    end_mutes,
    handled_incidents,
    mute_incident,
    unmute_incident,
)
from .incidents import (
    Incident,
    find_incident,
    incident_extent,
    incidents_of_day,
    list_incidents,
)
from .lateness import find_late_days, record_late_days
from .message import plain
from .notices import MINUTE_FORMAT, SHARDS_NAMED, handling_facts, incident_notice
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
from .recovery import Failed, Recovery, failed_parts, lacking_parts
from .sender_lease import Lease, LeaseLostError
from .sending.deliveries import delete_old_alerts
from .sending.sender import Sender
from .sending.sender_process import end_of_run, start_sender
from .subscriptions import (
    Subscription,
    Topic,
    list_subscriptions,
    move_places,
    subscribe,
    unsubscribe,
)
from .telegram.api import Fault, fault_of, flood_seconds
from .telegram.channel import TelegramChannel
from .telegram.log_masks import mask_logs
from .telegram.rate_limits import FLOOD_MARGIN, Limits, setback
from .telegram.text import MESSAGE_UNITS
from .telegram.rate_limits import Limits

__all__ = [
    "About",
    "Action",
    "Channel",
    "ChannelBusyError",
    "ChannelRefusedError",
    "Event",
    "FLOOD_MARGIN",
    "Failed",
    "Fault",
    "HandledIncident",
    "Incident",
    "Lease",
    "LeaseLostError",
    "Limits",
    "MESSAGE_UNITS",
    "MINUTE_FORMAT",
    "Notice",
    "Occasion",
    "Receipt",
    "Recovery",
    "SHARDS_NAMED",
    "ScheduledWork",
    "Sender",
    "Subscription",
    "TelegramChannel",
    "Topic",
    "WISH",
    "about_task",
    "accept_markers",
    "acknowledge_incident",
    "alert_for_error",
    "append_alerts",
    "close_incident",
    "container_alerts",
    "delete_old_alerts",
    "end_mutes",
    "end_of_run",
    "error_kind",
    "failed_parts",
    "fault_of",
    "find_incident",
    "find_late_days",
    "flood_seconds",
    "group_alerts",
    "handled_incidents",
    "handling_facts",
    "has_alert_since",
    "incident_extent",
    "incident_notice",
    "incidents_of_day",
    "lacking_parts",
    "list_incidents",
    "list_subscriptions",
    "mask_logs",
    "move_places",
    "mute_incident",
    "open_channels",
    "plain",
    "record_failure",
    "record_failure_later",
    "record_failures",
    "record_late_days",
    "release_alerts",
    "release_at_exit",
    "run_id",
    "setback",
    "start_sender",
    "subscribe",
    "unmute_incident",
    "unsubscribe",
]
