"""How the pages speak of patients who go to another site, and how the list of tasks does."""

from flask import url_for
from flask_babel import lazy_gettext

from pro_app.reminders.task_outcomes import TRANSFER
from pro_app.web.clinic.matter_words import MatterWords, describe_matter

STATES = {
    "waiting": lazy_gettext("waiting for the other site"),
    "accepted": lazy_gettext("accepted"),
    "refused": lazy_gettext("turned down"),
    "withdrawn": lazy_gettext("taken back"),
}

describe_matter(
    TRANSFER,
    MatterWords(
        title=lazy_gettext("Patient from another site"),
        to_do=lazy_gettext("Say whether your site follows the patient from now on."),
        whys={"asked": lazy_gettext("Another site asks you to follow this patient.")},
        url=lambda task: url_for("clinic.transfer", transfer_id=int(task.about)),
    ),
)
