# ruff: noqa: INP001 -- a part of a command, no package
"""The pages of the sponsor's people: statistician, administrator, coordinator, inspector; the demo's own."""

from photographer import DESK, PHONE, Photographer
from playwright.sync_api import Page

AMENDED = "1.1"
"""The version of the protocol that is loaded and not applied, for the page of amendments."""


def take_sponsor(camera: Photographer) -> None:
    """Picture the pages of the statistician, the administrator, the coordinator and the inspector."""
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "statistician")
        take_statistics(camera, page)
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "administrator")
        take_administration(camera, page)
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "coordinator")
        take_coordination(camera, page)
    with camera.window(DESK) as page:
        camera.sign_in_staff(page, "inspector")
        camera.take(page, "inspector-list", "Inspector: list of patients", at="/clinic/")


def take_statistics(camera: Photographer, page: Page) -> None:
    """Picture the statistician's pages."""
    camera.take(page, "statistics", "Statistician: data", at="/statistics/")
    camera.take(page, "figures", "Figures", at="/statistics/figures")
    camera.take(page, "tokens", "Tokens for programs", at="/statistics/tokens")
    take_release(camera, page)
    with camera.window(PHONE, storage_state=page.context.storage_state()) as phone:
        camera.take_phone(phone, "figures", "Figures on a phone", at="/statistics/figures")


def take_administration(camera: Photographer, page: Page) -> None:
    """Picture the administrator's pages."""
    camera.take(page, "admin-sites", "Administrator: sites", at="/admin/")
    camera.take(page, "admin-site", "Administrator: one site", at=camera.find(page, r"/admin/sites/\d+$"))
    camera.take(page, "admin-accounts", "Administrator: accounts", at="/admin/accounts")
    page.get_by_role("link", name="Lou Remplacement").first.click()
    camera.take(page, "admin-account", "Administrator: an account that is invited")
    camera.take(page, "admin-new-account", "Administrator: a new account", at="/admin/accounts/new")
    camera.take(page, "admin-study", "Administrator: the study", at="/admin/study")
    camera.take(page, "admin-production", "What blocks production", at="/admin/study/production")


def take_coordination(camera: Photographer, page: Page) -> None:
    """Picture the coordinator's pages."""
    camera.take(
        page, "coordinator-completion", "Coordinator: response rates of all sites", at="/clinic/completion"
    )
    camera.take(page, "coordinator-sites", "Coordinator: every site, and the funnel", at="/clinic/sites")
    page.locator("svg").last.scroll_into_view_if_needed()
    camera.take(page, "coordinator-funnel", "Coordinator: the funnel with its limits")
    camera.take(page, "coordinator-coming", "Coordinator: visits to come", at="/clinic/coming")
    camera.take(page, "coordinator-study", "Coordinator: the study", at="/admin/study")
    camera.take(page, "wording", "Packs of wording", at="/admin/wording")
    camera.take(page, "sending", "Whether messages go out", at="/admin/sending")
    camera.take(page, "amendment", "What an amendment changes", at=f"/admin/amendments/{AMENDED}")


def take_release(camera: Photographer, page: Page) -> None:
    """Ask for a release, picture it, let the coordinator approve it, and picture a figure by arm."""
    page.goto("/statistics/releases")
    page.get_by_label("Pourquoi ce gel est fait").fill("Données pour le comité de pilotage")
    page.get_by_label("Analyse intermédiaire prévue").check()
    camera.take(page, "releases", "Data releases")
    page.get_by_role("button", name="Faire le gel").click()
    download = page.get_by_role("button", name="Télécharger l’archive")
    download.wait_for(timeout=300_000)
    camera.take(page, "release", "One release")
    number = page.url.rsplit("/", 1)[1]
    with camera.window(DESK) as other:
        camera.sign_in_staff(other, "coordinator")
        other.goto(f"/statistics/releases/{number}")
        other.get_by_role("button", name="Approuver le gel").click()
        other.goto(f"/statistics/releases/{number}/figures?by=arm")
        other.get_by_role("heading", name="Score moyen selon le temps").scroll_into_view_if_needed()
        camera.take(other, "figures-by-arm", "Figures of an approved release, by arm")


def take_demo(camera: Photographer) -> None:
    """Picture the demo's own pages."""
    with camera.window(DESK) as page:
        camera.take(page, "demo-tour", "Tour of the demo", at="/demo")
        camera.take(page, "style", "Style page", at="/style")
    with camera.window(PHONE) as page:
        camera.take_phone(page, "demo-messages", "Messages as a phone shows them", at="/demo/messages")
        camera.take_phone(page, "demo-time", "The time machine", at="/demo/time")
