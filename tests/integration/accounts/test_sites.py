import pytest
from staff_world import EARLIER, SYSTEM, build_staff_world, site_details

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotFound
from pro_app.services.sites import count_by_site, load_site, save_site
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries


def test_a_site_is_saved_with_its_telephone_as_people_dial_it(database: Database) -> None:
    world = build_staff_world(database)
    details = site_details(world.study_id, site_code=" mtp-1 ", telephone="+33467613100")

    with database.writing() as session:
        site = save_site(session, details, actor=world.actor("administrator"), now=EARLIER)

    assert (site.site_code, site.telephone) == ("MTP-1", "04 67 61 31 00")


def test_each_unusable_detail_is_named(database: Database) -> None:
    unusable = [
        ("site_code", ""),
        ("site_code", "a b"),
        ("site_code", "01"),
        ("name", "  "),
        ("name", "x" * 201),
        ("city", "two\nlines"),
        ("zone", "Europe/Nowhere"),
        ("telephone", "12"),
        ("telephone", "call me"),
        ("sender_label", "Oncologie"),
        ("sender_label", "Étude ReLUTH"),
        ("sender_label", "Centre anticancéreux"),
    ]
    world = build_staff_world(database)
    named = []
    for field, value in unusable:
        details = site_details(world.study_id, **{"site_code": "02", field: value})
        with pytest.raises(InputRejected) as refused, database.writing() as session:
            save_site(session, details, actor=SYSTEM, now=EARLIER)
        named.append([problem.place for problem in refused.value.problems])

    assert named == [[field] for field, _value in unusable]
    with database.reading() as session:
        assert len(count_by_site(session, study_id=world.study_id)) == 1


def test_a_correction_is_in_the_audit_trail_with_what_stood_before(database: Database) -> None:
    world = build_staff_world(database)
    details = site_details(world.study_id, site_id=world.site_id, city="Sète")

    with database.writing() as session:
        save_site(session, details, actor=world.actor("administrator"), now=EARLIER)
        save_site(session, details, actor=world.actor("administrator"), now=EARLIER)

    with database.reading() as session:
        entries = list_entries(session, action="site.update", subject_ref=f"site:{world.site_id}", limit=10)
    assert [entry.items for entry in entries] == [
        ({"field": "city", "before": "Montpellier", "after": "Sète"},)
    ]


def test_a_site_of_another_study_looks_like_a_missing_one(database: Database) -> None:
    world = build_staff_world(database)
    stranger = Actor(
        kind="staff", role="administrator", request_id="x", study_id=world.study_id + 1, site_ids=None
    )

    with database.reading() as session:
        for site_id in (world.site_id, world.site_id + 99):
            with pytest.raises(NotFound):
                load_site(session, site_id, actor=stranger)
    with pytest.raises(NotFound), database.writing() as session:
        save_site(session, site_details(world.study_id, site_code="03"), actor=stranger, now=EARLIER)
