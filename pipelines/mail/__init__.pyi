from .figures import Figures, read_figures
from .plots import draw_plots
from .report_mail import write_report_mail
from .sent import SUBJECT, is_report_mail_sent, sending_report_mail
from .smtp import check_server, mail_domain, send_mail

__all__ = [
    "Figures",
    "SUBJECT",
    "check_server",
    "draw_plots",
    "is_report_mail_sent",
    "mail_domain",
    "read_figures",
    "send_mail",
    "sending_report_mail",
    "write_report_mail",
]
