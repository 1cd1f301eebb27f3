from datetime import date

from clinic_browser import StaffBrowser
from clinic_world import Clinic

from pro_app.storage.tables.audit_trail import AuditEntry


def count_revocations(clinic: Clinic) -> int:
    with clinic.database.reading() as session:
        return session.query(AuditEntry).filter_by(action="devices.revoke").count()


def test_a_lost_phone_is_shut_out_after_one_question(clinic: Clinic, nurse: StaffBrowser) -> None:
    record = f"/clinic/participants/{clinic.enrol(date(2026, 1, 5))}"
    assert f'href="{record}/phones"' in nurse.get(record).text
    nurse.get(f"{record}/lost-phone")
    assert count_revocations(clinic) == 0
    page = nurse.post(f"{record}/lost-phone")
    assert (page.request.path, count_revocations(clinic)) == (record, 1)
    assert "ne peuvent plus" in page.text
