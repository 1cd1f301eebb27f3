# ruff: noqa: INP001 -- a part of a command, no package
"""The pages of a site's nurse and investigator, in the order of a day."""

import re
from datetime import date, timedelta

from photographer import DESK, PHONE, Photographer
from playwright.sync_api import Page

RECEIPT_CODE = re.compile(r"\b(?=[A-Z]*[0-9])[0-9A-Z]{7}\b")


def take_site(camera: Photographer) -> None:
    """Picture the pages of the nurse, then those that only the investigator has."""
    with camera.window(DESK) as page:
        camera.take(page, "staff-sign-in", "Sign-in of the staff", at="/staff/sign-in")
        camera.give_password(page, "nurse")
        camera.take(page, "staff-second-step", "The second step of the sign-in")
        camera.give_code(page)
        record = find_full_record(page)
        for take in (take_tasks, take_rates, take_paper, take_requests, take_account):
            take(camera, page)
        take_record(camera, page, record)
        take_enrolment(camera, page)
        with camera.window(PHONE, storage_state=page.context.storage_state()) as phone:
            camera.take_phone(phone, "clinic-list", "List of patients on a phone", at="/clinic/")
            camera.take_phone(phone, "clinic-participant", "Record of a patient on a phone", at=record)
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "investigator")
        asked = camera.find(page, r"/clinic/clarifications/\d", "/clinic/clarifications")
        camera.take(page, "investigator-correction", "Correction that waits for a decision", at=asked)
        camera.take(
            page, "investigator-answers", "Reason asked before answers are read", at=f"{record}/answers"
        )


def take_tasks(camera: Photographer, page: Page) -> None:
    """Picture what the site has to do."""
    camera.take(page, "clinic-tasks", "To do", at="/clinic/tasks")
    camera.take(page, "clinic-task", "One thing to do, and what came of it", at=find_task(page, "Appeler"))
    camera.take(page, "clinic-ranking", "Why the list has this order", at="/clinic/tasks/ranking")
    camera.take(page, "clinic-call-sheet", "Call sheet to print", at="/clinic/tasks/call-sheet")
    camera.take(page, "help", "Help about the list of things to do", at="/staff/help/tasks")


def take_rates(camera: Photographer, page: Page) -> None:
    """Picture what came back of the site's questionnaires."""
    camera.take(page, "clinic-completion", "Response rates", at="/clinic/completion")
    people = camera.find(page, r"/completion/list", "/clinic/completion")
    camera.take(page, "clinic-completion-people", "The people behind a number", at=people)
    camera.take(page, "clinic-map", "Map of patients and visits", at="/clinic/completion/map")
    camera.take(page, "clinic-reasons", "Reasons for missing questionnaires", at="/clinic/completion/reasons")
    camera.take(page, "clinic-trend", "Response rates over time", at="/clinic/completion/trend")
    camera.take(page, "clinic-coming", "Visits to come, and missing data to expect", at="/clinic/coming")
    camera.take(page, "clinic-reports", "Monthly reports", at="/clinic/reports")
    report = camera.find(page, r"/clinic/reports/\d+/[\d-]+$")
    camera.take(page, "clinic-report", "Monthly report of a site", at=report)
    camera.take(page, "clinic-message-texts", "What the messages say", at="/clinic/message-texts")


def take_paper(camera: Photographer, page: Page) -> None:
    """Picture paper: the sheet, the grid, the second entry, the differences, and the import."""
    newcomer = find_record(page, "15-901")
    sheet = camera.find(page, r"/visits/\d+/paper$", newcomer)
    camera.take(page, "clinic-paper", "A questionnaire on paper, before it is typed in", at=sheet)
    page.get_by_role("button", name="Imprimer la feuille").click()
    camera.take(page, "clinic-paper-sheet", "The sheet to print")
    begin_grid(page, sheet)
    camera.take(page, "clinic-paper-entry", "The grid for typing a sheet in")
    camera.take(
        page, "clinic-paper-second", "A second entry that is due", at=find_task(page, "double saisie")
    )
    differences = find_task(page, "les deux saisies diffèrent")
    camera.take(page, "clinic-paper-differences", "What two entries say differently", at=differences)
    page.goto("/clinic/import")
    table = page.request.get("/clinic/import/table.csv").body().splitlines()[0]
    row = b";".join([b"15-999", b"W08", b"2026-02-30", b"self", *[b""] * (table.count(b";") - 3)])
    page.locator("main input[type=file]").set_input_files(
        {"name": "feuilles.csv", "mimeType": "text/csv", "buffer": table + b"\n" + row + b"\n"}
    )
    page.locator("main form [type=submit]").first.click()
    camera.take(page, "clinic-import", "Earlier sheets from a table, checked before they are filed")


def take_requests(camera: Photographer, page: Page) -> None:
    """Picture corrections that are asked, transfers and consents."""
    camera.take(page, "clinic-corrections", "Corrections that were asked", at="/clinic/clarifications")
    moved = find_move(page)
    camera.take(page, "clinic-move", "A form that belongs to another visit", at=moved)
    camera.take(page, "clinic-transfers", "Changes of site", at="/clinic/transfers")
    camera.take(
        page, "clinic-transfer", "A patient who changes site", at=camera.find(page, r"/transfers/\d+$")
    )


def take_account(camera: Photographer, page: Page) -> None:
    """Picture one's own account, with a passkey that a virtual key makes."""
    camera.take(page, "staff-passkey", "Adding a passkey", at="/staff/passkeys/new")
    plug_in(page)
    member = next(member for member in camera.access["staff"] if member["role"] == "nurse")
    page.locator("form[data-passkey] [name=label]").fill("Ordinateur du bureau")
    page.locator("form[data-passkey] [name=current_password]").fill(member["password"])
    page.locator("form[data-passkey] [type=submit]").click()
    page.wait_for_url("**/staff/account*")
    page.get_by_role("row").filter(has_text="Ordinateur du bureau").scroll_into_view_if_needed()
    camera.take(page, "staff-account", "One’s own account, with a passkey")
    camera.take(page, "staff-digest", "The morning digest", at="/staff/account/digest")
    camera.take(page, "staff-new-app", "Setting up another phone", at="/staff/second-factor/new")


def take_record(camera: Photographer, page: Page, record: str) -> None:
    """Picture the record of one patient and what is done from there."""
    camera.take(page, "clinic-list", "List of patients", at="/clinic/")
    camera.take(page, "clinic-participant", "Record of a patient", at=record)
    code = RECEIPT_CODE.findall(page.locator("main").inner_text())[0]
    camera.take(page, "clinic-receipt", "Looking up a receipt code", at=f"/clinic/receipts?code={code}")
    camera.take(page, "clinic-history", "Everything in the order of time", at=f"{record}/history")
    camera.take(page, "clinic-trail", "Audit trail of a patient in plain words", at=f"{record}/trail")
    camera.take(page, "clinic-events", "What may be recorded", at=f"{record}/events/new")
    take_preview(camera, page, record)
    camera.take(page, "clinic-contact", "Contact, and ways of messages", at=f"{record}/contact")
    camera.take(page, "clinic-consent", "Consent", at=f"{record}/consent")
    camera.take(
        page, "clinic-new-transfer", "Asking another site to follow a patient", at=f"{record}/transfer"
    )
    camera.take(page, "clinic-phones", "Phones of a patient", at=f"{record}/phones")
    correction = camera.find(page, r"/visits/\d+/correction", record)
    camera.take(page, "clinic-correction", "Asking for a correction", at=correction)
    newcomer = find_record(page, "15-901")
    camera.take(
        page, "clinic-interview", "Before a questionnaire is asked by telephone", at=f"{newcomer}/interview"
    )
    camera.take(page, "clinic-tablet", "Lending the tablet", at=f"{newcomer}/tablet")
    reason = find_visit_page(page, "reason")
    camera.take(page, "clinic-reason", "Why a questionnaire is missing", at=reason)


def take_enrolment(camera: Photographer, page: Page) -> None:
    """Picture enrolment, the card and the first steps."""
    camera.take(page, "clinic-enrolment", "Enrolment", at="/clinic/participants/new")
    record = find_record(page, "15-902")
    camera.take(page, "clinic-first-steps", "First steps after enrolment", at=f"{record}/first-steps")
    page.goto(f"{record}/card")
    page.get_by_role("button", name="Imprimer une nouvelle carte").click()
    camera.take(page, "clinic-card", "Sign-in card")


def take_preview(camera: Photographer, page: Page, record: str) -> None:
    """Picture what correcting the last event of a record would change, without recording it."""
    page.goto(record)
    page.locator(".timeline a").first.click()
    on = page.get_by_label("Date", exact=True)
    on.fill((date.fromisoformat(on.input_value()) - timedelta(days=21)).isoformat())
    page.get_by_label("Motif de la correction").fill("Date relevée dans le compte rendu d’hospitalisation")
    page.get_by_role("button", name="Voir ce que cela change").click()
    camera.take(page, "clinic-preview", "What a correction would change")


def find_full_record(page: Page) -> str:
    """Find the record with the longest story among the first patients of the list."""
    page.goto("/clinic/")
    addresses = [str(link.get_attribute("href")) for link in page.locator("tbody th a").all()]
    lengths = {}
    for address in addresses:
        page.goto(address)
        lengths[address] = page.get_by_role("row").count()
    return max(lengths, key=lambda address: lengths[address])


def find_record(page: Page, code: str) -> str:
    """Find the record of a patient by the inclusion number."""
    page.goto(f"/clinic/?q={code}")
    return str(page.get_by_role("link", name=code).first.get_attribute("href"))


def find_task(page: Page, words: str) -> str:
    """Find where something of the list of things to do is done, by words of its line."""
    page.goto("/clinic/tasks")
    line = page.get_by_role("row").filter(has_text=words).first
    return str(line.locator("td a").first.get_attribute("href"))


def find_move(page: Page) -> str:
    """Find the request that names another visit."""
    page.goto("/clinic/clarifications")
    row = page.get_by_role("row").filter(has_text="visite").first
    return str(row.get_by_role("link").first.get_attribute("href"))


def find_visit_page(page: Page, name: str) -> str:
    """Find a page about a visit on the records of the list."""
    page.goto("/clinic/")
    for record in [str(link.get_attribute("href")) for link in page.locator("tbody th a").all()]:
        page.goto(record)
        found = page.locator(f"a[href$='/{name}']")
        if found.count():
            return str(found.first.get_attribute("href"))
    raise LookupError(name)


def begin_grid(page: Page, sheet: str) -> None:
    """Open the grid of a sheet, and type a few answers in."""
    page.goto(sheet)
    page.get_by_label("Jour").first.fill(date.today().isoformat())  # noqa: DTZ011,TID251 -- the browser's day
    page.get_by_label("Moi seul(e)").check()
    page.get_by_role("button", name="Ouvrir la grille").click()
    page.wait_for_url("**/paper/entry")


def plug_in(page: Page) -> None:
    """Give the browser a virtual key of Chromium, over its DevTools."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": False,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
