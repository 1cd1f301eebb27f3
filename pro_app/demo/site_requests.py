"""What the demo's site asks and records beside its forms: corrections, consents, telephones, transfers."""

from datetime import timedelta

from pro_app.demo.people import HOME_SITE
from pro_app.demo.site_desk import SiteDesk
from pro_app.errors import NotFound
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.decisions import Decision, decide_clarification
from pro_app.services.clarifications.move_rules import list_target_visits
from pro_app.services.clarifications.requests import request_clarification
from pro_app.services.clarifications.rules import Wanted, WantedItem
from pro_app.services.consent_records import (
    COPY_GIVEN,
    NOTICE_SIGNED,
    PARTLY_WITHDRAWN,
    ConsentSaid,
    record_consent,
)
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.participants import load_participant
from pro_app.services.transfers.decisions import accept_transfer
from pro_app.services.transfers.requests import request_transfer
from pro_app.services.transfers.rules import WantedTransfer
from pro_app.storage.queries.assessments import list_assessments

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
TELEPHONES = 6
USED_OF_MISSED, USED_OF_SENT = 5, 2
"""How many of the newest forms something else is done with."""
NEXT_NOTICE = "2.0"
SENDING_SITE, RECEIVING_SITE, LEFT_SITE = "01", "03", "02"


def ask_for_other_answer(desk: SiteDesk) -> None:
    """Hand on what somebody wrote about an own answer; the investigator is to decide."""
    form = desk.sent[0]
    item = WantedItem("qlq-c30", 5, "answered", 1)
    wanted = Wanted(
        kind="answer",
        asked_on=desk.today - A_DAY,
        evidence="letter",
        evidence_ref="Courrier classé au dossier du centre",
        request="S’est trompé(e) de case à cette question et l’a écrit au centre",
        items=(item,),
    )
    with desk.world.database.writing() as session:
        request_clarification(session, form.assessment_id, wanted, actor=desk.nurse, now=desk.now)


def correct_mode(desk: SiteDesk) -> None:
    """Correct how a form was filled in, and let the investigator accept that."""
    wanted = Wanted(
        kind="mode",
        asked_on=desk.today - A_DAY,
        evidence="call_note",
        evidence_ref="Note d’appel du centre",
        request="Rempli sur la tablette du centre pendant la consultation",
        mode="site_tablet",
    )
    form = desk.sent[1]
    with desk.world.database.writing() as session:
        asked = request_clarification(session, form.assessment_id, wanted, actor=desk.nurse, now=desk.now)
        decision = Decision(
            is_accepted=True, reason="Confirmé par le cahier du centre", basis=read_basis(session, form)
        )
        decide_clarification(session, asked, decision, actor=desk.investigator, now=desk.now)


def ask_for_other_visit(desk: SiteDesk) -> None:
    """Ask for a form to be moved to the visit before, which was missed, where somebody has such a place."""
    with desk.world.database.writing() as session:
        for place in desk.missed[USED_OF_MISSED:]:
            own = [form for form in desk.sent[USED_OF_SENT:] if form.participant_id == place.participant_id]
            later = [form for form in own if form.opens_on > place.opens_on]
            form = min(later, key=lambda form: form.opens_on, default=None)
            if form is None or place.visit_code not in list_target_visits(session, form, now=desk.now):
                continue
            wanted = Wanted(
                kind="visit",
                asked_on=desk.today,
                evidence="call_note",
                evidence_ref="Note d’appel du centre",
                request="Rempli pour la visite d’avant, d’après le cahier du centre",
                to=place.visit_code,
            )
            request_clarification(session, form.assessment_id, wanted, actor=desk.nurse, now=desk.now)
            return


def record_consents(desk: SiteDesk) -> None:
    """Note what became of three consents."""
    people = list(dict.fromkeys(form.participant_id for form in desk.sent))[:3]
    day = desk.today - A_WEEK
    said = (
        ConsentSaid(NOTICE_SIGNED, day, NEXT_NOTICE),
        ConsentSaid(COPY_GIVEN, day, NEXT_NOTICE),
        ConsentSaid(
            PARTLY_WITHDRAWN, day, remark="Ne souhaite plus recevoir de courriels ; répond sur papier"
        ),
    )
    with desk.world.database.writing() as session:
        for participant_id, one in zip(people, said, strict=False):
            record_consent(session, participant_id, one, actor=desk.nurse, now=desk.now)


def write_down_telephones(desk: SiteDesk) -> None:
    """Give some of those about whom the site is asked a telephone number out of the range for fiction."""
    people = list(dict.fromkeys(form.participant_id for form in desk.missed))[:TELEPHONES]
    vault = desk.world.office.vault
    for number, participant_id in enumerate(people, 1):
        with desk.world.database.writing() as session:
            person = load_participant(session, participant_id, actor=desk.nurse)
            change = ContactChange(
                email=vault.find(person.contact_ref).email,
                telephone=f"04 65 71 90 {number:02}",
                language=person.language,
                zone=person.zone,
                reminder_hour=person.reminder_hour,
            )
            change_contact(session, participant_id, change, vault=vault, actor=desk.nurse, now=desk.now)


def ask_other_site(desk: SiteDesk) -> None:
    """Ask another site to follow somebody; its answer is awaited."""
    settled = {form.participant_id for form in desk.missed[:USED_OF_MISSED]} | {desk.sent[0].participant_id}
    person = next(form.participant_id for form in desk.sent if form.participant_id not in settled)
    _ask_transfer(desk, person, (HOME_SITE, RECEIVING_SITE), reason="Déménagement près de sa famille")


def be_asked_by_other_site(desk: SiteDesk) -> None:
    """Let another site ask that somebody be followed here."""
    _ask_transfer(
        desk,
        _find_somebody(desk, SENDING_SITE),
        (SENDING_SITE, HOME_SITE),
        reason="Suivi plus près du domicile",
    )


def follow_from_other_site(desk: SiteDesk) -> None:
    """Follow somebody here whom another site followed until now."""
    key = _ask_transfer(
        desk, _find_somebody(desk, LEFT_SITE), (LEFT_SITE, HOME_SITE), reason="Changement de domicile"
    )
    with desk.world.database.writing() as session:
        accept_transfer(session, key, actor=desk.nurse, now=desk.now)


def _find_somebody(desk: SiteDesk, site_code: str) -> int:
    """Find whoever was asked last at another site; raises NotFound where there is nobody."""
    with desk.world.database.reading() as session:
        forms = list_assessments(session, site_ids=[desk.world.site_ids[site_code]])
    if not forms:
        raise NotFound("participant")
    return max(forms, key=lambda form: form.opens_on).participant_id


def _ask_transfer(desk: SiteDesk, participant_id: int, sites: tuple[str, str], *, reason: str) -> int:
    here, there = sites
    wanted = WantedTransfer(desk.world.site_ids[there], desk.today, reason)
    with desk.world.database.writing() as session:
        return request_transfer(session, participant_id, wanted, actor=desk.world.nurses[here], now=desk.now)
