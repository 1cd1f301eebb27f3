"""What the help says about the rest: answering at the site, corrections, messages, data, accounts."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from pro_app.web.auth.help_texts import Topic

FURTHER_TOPICS: Mapping[str, Topic] = {
    "answering": Topic(
        lazy_gettext("Answering at the site or by telephone"),
        (
            (
                lazy_gettext("The tablet of the site"),
                lazy_gettext(
                    "Lend it for one questionnaire: the patient sees nothing else, and you give "
                    "your password to take it back."
                ),
            ),
            (
                lazy_gettext("By telephone"),
                lazy_gettext(
                    "Check the identity, then read each question as it stands, with all its "
                    "options, and enter what is said. The questionnaire says that it was asked by"
                    " telephone, and by whom."
                ),
            ),
        ),
    ),
    "corrections": Topic(
        lazy_gettext("Corrections and readings of answers"),
        (
            (
                lazy_gettext("Who may change what"),
                lazy_gettext(
                    "An answer changes only on the patient’s own dated request, decided by the "
                    "investigator of the site. The site itself may ask for a correction of the "
                    "patient, the visit, the day or the way only. The first version is kept."
                ),
            ),
            (
                lazy_gettext("Reading answers"),
                lazy_gettext(
                    "Only the investigator of the site, with a reason, for half an hour. What was"
                    " done afterwards is recorded. Nobody watches the answers: for an urgent "
                    "matter patients call the site."
                ),
            ),
        ),
    ),
    "messages": Topic(
        lazy_gettext("Messages and contact"),
        (
            (
                lazy_gettext("What goes out"),
                lazy_gettext(
                    "Invitations and reminders go out by themselves, at the hour the patient "
                    "chose. They name neither the illness nor the study."
                ),
            ),
            (
                lazy_gettext("When a message did not arrive"),
                lazy_gettext(
                    "An address that does not work rests until it is corrected; that is a task, "
                    "and never a withdrawal from the study. The questionnaires go on."
                ),
            ),
        ),
        (("clinic.message_texts", lazy_gettext("What the messages say")),),
    ),
    "data": Topic(
        lazy_gettext("Data and releases"),
        (
            (
                lazy_gettext("What leaves the house"),
                lazy_gettext(
                    "Tables without any identity. A release is frozen, numbered and checksummed; "
                    "it can be made again and gives the same bytes. Who took what, and why, is "
                    "kept."
                ),
            ),
            (
                lazy_gettext("By arm"),
                lazy_gettext(
                    "Only within a release that was asked for that purpose and approved by a second person."
                ),
            ),
        ),
        (("statistician.releases", lazy_gettext("Data releases")),),
    ),
    "administration": Topic(
        lazy_gettext("Sites, accounts and the study"),
        (
            (
                lazy_gettext("Accounts"),
                lazy_gettext(
                    "One person, one account. Whoever leaves is closed, not deleted: what was "
                    "done stays under the name. Inspectors have a last day."
                ),
            ),
            (
                lazy_gettext("What changes a study"),
                lazy_gettext(
                    "Amendments, words of questionnaires and going live show what they change "
                    "before anything is done, and each says who decided."
                ),
            ),
        ),
        (
            ("admin.sites", lazy_gettext("Sites")),
            ("admin.accounts", lazy_gettext("Accounts")),
        ),
    ),
    "account": Topic(
        lazy_gettext("Your account"),
        (
            (
                lazy_gettext("Password and second factor"),
                lazy_gettext(
                    "Besides the password a code of your phone is asked for. The recovery codes "
                    "let you in once each if the phone is lost: keep them on paper, not in the "
                    "phone."
                ),
            ),
            (
                lazy_gettext("Several roles"),
                lazy_gettext(
                    "Whoever has several roles chooses one when signing in, and acts under that one only."
                ),
            ),
        ),
        (("auth.account", lazy_gettext("Your account")),),
    ),
}
