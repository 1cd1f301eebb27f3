from datetime import date

from clinic_browser import StaffBrowser
from clinic_world import Clinic


def test_smoke(clinic: Clinic, nurse: StaffBrowser) -> None:
    pid = clinic.enrol(date(2026, 1, 5))
    clinic.record(pid, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    for path in (
        "/clinic/",
        "/clinic/participants/new",
        f"/clinic/participants/{pid}",
        f"/clinic/participants/{pid}/first-steps",
        f"/clinic/participants/{pid}/card",
        f"/clinic/participants/{pid}/contact",
        f"/clinic/participants/{pid}/events/new",
        "/clinic/completion",
        "/clinic/completion/list?visit=BASELINE&figure=expected",
    ):
        page = nurse.get(path)
        assert page.status_code == 200, path
