"""What comes between: machines that open links, and a session that ends in the middle of an answer."""

from journey_people import Patient
from journey_world import PHONE, Installation
from playwright.sync_api import Page, Request, expect

SCANNER_VISITS = 10


def test_a_card_is_still_good_after_scanners_opened_its_link_and_ran_its_scripts(
    installation: Installation,
) -> None:
    token = installation.enrol().token
    link = f"/p/activate#{token}"
    asked: list[str] = []
    with installation.open_window() as page:
        page.context.on("request", lambda request: asked.append(_write_down(request)))
        for _ in range(SCANNER_VISITS):
            page.goto("about:blank")
            page.goto(link)
            expect(page.get_by_text("Votre carte a été lue")).to_be_visible()
        assert "#" not in page.url
        page.get_by_role("link", name="Se connecter").click()
        expect(page.get_by_label("Code de connexion")).to_be_visible()
        for method in ("GET", "HEAD"):
            preview = page.request.fetch(link, method=method, headers={"Sec-Purpose": "prefetch"})
            assert preview.ok
    assert len(asked) > SCANNER_VISITS
    assert not [request for request in asked if token in request]
    with installation.open_window(viewport=PHONE) as page:
        Patient(page).activate(link)
    with installation.open_window(viewport=PHONE, watch=installation.watch(403)) as page:
        page.goto(link)
        Patient(page).tap("Commencer")
        expect(page.get_by_text("Cette carte ne peut pas être utilisée")).to_be_visible()
    assert token not in (installation.settings.data_folder / "server.log").read_text(encoding="utf-8")


def test_a_form_that_is_sent_after_the_session_ended_goes_through_the_pin(
    installation: Installation,
) -> None:
    card = installation.enrol()
    watch = installation.watch(400, 401)
    with installation.open_window(viewport=PHONE, watch=watch, java_script_enabled=False) as page:
        patient = Patient(page)
        _activate_by_code(page, card.short_code)
        patient.start()
        patient.answer(1, "3")

        patient.find_item(2)
        installation.expire_sessions(card.participant_id)
        patient.option("4").check()
        patient.tap("Suivant")
        expect(page.get_by_text("Votre réponse est gardée")).to_be_visible()
        patient.type_pin()
        patient.find_item(3)

        page.context.clear_cookies(name="participant")
        patient.option("1").check()
        patient.tap("Suivant")
        patient.type_pin()
        patient.find_item(4)

        for kept in ("1", "4", "3"):
            patient.tap("Précédent")
            expect(patient.option(kept)).to_be_checked()


def test_a_changed_answer_stands_also_where_the_browser_forgot_what_it_counted(
    installation: Installation,
) -> None:
    card = installation.enrol()
    with installation.open_window(viewport=PHONE) as page:
        patient = Patient(page)
        _activate_by_code(page, card.short_code)
        patient.start()
        patient.answer(1, "3")
        patient.find_item(2)
        patient.tap("Précédent")
        patient.option("2").check()
        expect(page.get_by_text("Reçu par votre centre")).to_be_visible()
        page.evaluate("localStorage.clear()")
        page.reload()
        patient.option("4").check()
        expect(page.get_by_text("Reçu par votre centre")).to_be_visible()
        page.reload()  # what is shown now comes from the centre
        expect(patient.option("4")).to_be_checked()


def _write_down(request: Request) -> str:
    """Write what a request tells everybody on its way: address and headers, the Referer among them."""
    return f"{request.method} {request.url} {request.headers} {request.post_data}"


def _activate_by_code(page: Page, short_code: str) -> None:
    patient = Patient(page)
    page.goto("/p/activate")
    page.get_by_label("Code de la carte").fill(short_code)
    patient.tap("Commencer")
    patient.choose_pin()
