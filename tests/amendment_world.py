"""Further versions of a protocol for tests: the first one's file, changed as an amendment would change it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from clinic_world import Clinic, noon

from pro_app.audit.actor import Actor, system_actor
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.definitions.plain_yaml import parse_plain_yaml
from pro_app.services.amendments.apply import AppliedAmendment, Confirmation, apply_amendment
from pro_app.services.amendments.model import AmendmentPreview, AmendmentScope
from pro_app.services.amendments.preview import preview_amendment
from pro_app.services.protocol_versions import find_version
from pro_app.services.studies import load_study

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"
Data = dict[str, Any]
"""What a protocol file holds."""
Change = Callable[[Data], None]


def write_version(folder: Path, version: str, *changes: Change, source: Path = PROTOCOL) -> Path:
    """Write a further version of a protocol, changed by each of `changes` in turn; gives its path."""
    data = json.loads(json.dumps(parse_plain_yaml(source.read_text(encoding="utf-8")).data))
    data["version"] = version
    for change in changes:
        change(data)
    path = folder / version / "protocol.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def say_all_about_data(data: Data) -> None:
    """Tell participants everything about their data, as production asks."""
    parts = ("controller", "contact", "legal_basis", "retention", "hosting")
    data["participant_pages"] = {
        "data_protection": {name: {"fr": f"dit de {name}", "en": f"said of {name}"} for name in parts}
    }


def move_visit(code: str, **at: int) -> Change:
    """Put a visit elsewhere: `move_visit("M03", months=4)`."""
    return lambda data: find_coded(data["visits"], code).update({"at": at})


def set_window(code: str, opens: int, closes: int) -> Change:
    """Give a visit another window."""
    return lambda data: find_coded(data["visits"], code).update(
        {"window": {"opens": opens, "closes": closes}}
    )


def add_visit(code: str, phase: str = "follow_up_year_1", *, like: str = "M12", **at: int) -> Change:
    """Add a visit that is `like` another one but for its time."""

    def change(data: Data) -> None:
        twin = json.loads(json.dumps(find_coded(data["visits"], like)))
        twin |= {
            "code": code,
            "at": at,
            "phase": phase,
            "label": {"fr": f"Visite {code}", "en": f"Visit {code}"},
        }
        data["visits"].append(twin)

    return change


def drop_visit(code: str) -> Change:
    """Take a visit out, with what the file assumes of it."""

    def change(data: Data) -> None:
        data["visits"] = [visit for visit in data["visits"] if visit["code"] != code]
        for assumed in data["assumed"]:
            assumed["paths"] = [path for path in assumed["paths"] if f"/{code}/" not in path]
        data["assumed"] = [assumed for assumed in data["assumed"] if assumed["paths"]]

    return change


def set_reminder_day(phase: str, rule: str, days: int) -> Change:
    """Send one message of a phase on another day."""
    return lambda data: find_coded(find_coded(data["phases"], phase)["reminders"], rule).update(
        {"days": days}
    )


def find_coded(parts: list[Data], code: str) -> Data:
    """Give the part of a list that has this code."""
    return next(part for part in parts if part["code"] == code)


def load_version(clinic: Clinic, path: Path, *, at: Any) -> str:  # noqa: ANN401 -- a moment
    """Load a version and give its SHA-256."""
    with clinic.writing() as session:
        load_study(session, protocol_path=path, actor=system_actor("test", "load"), now=at)
    return sha256_of(clinic, path.parent.name)


def sha256_of(clinic: Clinic, version: str) -> str:
    """Give the SHA-256 of a version that was loaded."""
    with clinic.database.reading() as session:
        found = find_version(session, clinic.study_id, version)
    assert found is not None
    return found.sha256


def scope_of(clinic: Clinic, version: str, *site_ids: int) -> AmendmentScope:
    """Give the scope of an amendment: some sites, or all of them."""
    return AmendmentScope(clinic.study_id, sha256_of(clinic, version), frozenset(site_ids) or None)


def preview(clinic: Clinic, version: str, *site_ids: int, at: Any) -> AmendmentPreview:  # noqa: ANN401 -- a day
    """Preview a version at midday."""
    with clinic.database.reading() as session:
        return preview_amendment(session, scope_of(clinic, version, *site_ids), now=noon(at))


def apply(
    clinic: Clinic,
    version: str,
    *site_ids: int,
    at: Any,  # noqa: ANN401 -- a day
    accepts_answered: bool = False,
    actor: Actor | None = None,
) -> AppliedAmendment:
    """Preview a version and apply it, as somebody who confirms at once."""
    seen = preview(clinic, version, *site_ids, at=at)
    confirmation = Confirmation(seen.fingerprint, "the committee agreed", accepts_answered)
    with clinic.writing() as session:
        return apply_amendment(
            session, seen.scope, confirmation, actor=actor or clinic.coordinator, now=noon(at)
        )
