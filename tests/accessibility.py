"""What is measured on a page in a real browser: axe's rules, targets, contrast, movement, bars, the focus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
"""The only ones of these rules that another colour scheme can break."""
RUN = """async ({within, kinds, runOnly}) => {
  const found = await axe.run(within, {
    runOnly, resultTypes: kinds, preload: false, iframes: false, selectors: false, elementRef: true,
    performanceTimer: false,
  });
  return kinds.flatMap((kind) => found[kind]).flatMap(({id, nodes}) => nodes.map(
    ({html, failureSummary}) => `${id}: ${html.slice(0, 160)} -- ${failureSummary.slice(0, 300)}`));
}"""
"""Nothing is worked out that is not told: no selectors, no frames (there are none), no files read ahead."""
STRICT_CONTRAST = """() => axe.configure({checks: [{id: "color-contrast-enhanced", options: {
  ignoreUnicode: false, ignoreLength: true, ignorePseudo: false, pseudoSizeThreshold: 0.25,
  boldValue: 700, boldTextPt: 14, largeTextPt: 18, shadowOutlineEmMax: 0.2,
  contrastRatio: {normal: {expected: 7}, large: {expected: 7}},
}}]})"""
LOOSEN = """(rule) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rule);
  document.adoptedStyleSheets = [sheet];
}"""
BARS_ASIDE = ".top-bar, .action-bar { position: static !important }"
MARKS_ASIDE = ".scale-cell > input { display: none }"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MOVING = """() => {
  const moves = (one) => ["", "::before", "::after"].some((part) => {
    const {animationName, transitionDuration} = getComputedStyle(one, part || null);
    return animationName !== "none" || transitionDuration.split(", ").some((time) => parseFloat(time) > 0);
  });
  return [...document.querySelectorAll("*")].filter(moves).map((one) => one.outerHTML.slice(0, 120));
}"""
TARGETS = """() => [...document.querySelectorAll("a[href], button, select, textarea, summary, input")]
  .filter((one) => one.checkVisibility({visibilityProperty: true}))
  .map((one) => {
    const near = [...one.parentElement.childNodes];
    const sentence = near.some(({nodeType, data}) => nodeType === Node.TEXT_NODE && data.trim());
    const labels = ["radio", "checkbox"].includes(one.type) ? [...one.labels] : [];
    const boxes = [one, ...labels].map((part) => part.getBoundingClientRect());
    const least = (side) => Math.min(...boxes.map((box) => box[side]));
    const most = (side) => Math.max(...boxes.map((box) => box[side]));
    const [left, top, right, bottom] = [least("left"), least("top"), most("right"), most("bottom")];
    return {
      html: one.outerHTML.slice(0, 160), width: right - left, height: bottom - top, bottom,
      cell: one.matches(".scale-cell *"), inline: sentence && getComputedStyle(one).display === "inline",
    };
  }).filter(({bottom}) => bottom > 0)"""
STICKING = """() => [...document.body.querySelectorAll("*")]
  .filter((one) => ["sticky", "fixed"].includes(getComputedStyle(one).position) && !one.closest("dialog"))
  .reduce((sum, one) => sum + one.getBoundingClientRect().height, 0)"""
HIDDEN_FOCUS = """() => {
  const own = document.activeElement;
  if (!own || own === document.body) return "nothing has the focus";
  const shown = own.matches(".option > input, .scale-cell > input") ? own.nextElementSibling : own;
  const {outlineStyle, outlineWidth} = getComputedStyle(shown);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return `no ring: ${own.outerHTML}`;
  const {left, right, top, bottom} = shown.getBoundingClientRect();
  if (top < 0 || left < 0 || bottom > innerHeight || right > innerWidth) return `outside: ${own.outerHTML}`;
  for (const x of [left + 4, (left + right) / 2, right - 4]) for (const y of [top + 4, bottom - 4]) {
    const above = document.elementFromPoint(x, y);
    if (!above || !(shown.contains(above) || above === own || above.contains(shown)))
      return `${own.outerHTML} is behind ${above && above.outerHTML.slice(0, 120)}`;
  }
  return "";
}"""
SMALLEST_TARGET = 48
SMALLEST_CELL = (36, 56)
ROUNDING = 0.5


@dataclass(frozen=True)
class Look:
    """One way to look at a page: the window's width and height in pixels, and how large its text is."""

    width: int
    height: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.width} pixels" + (f", {self.text} text" if self.text else "")


SMALLEST = Look(320, 640)
PATIENT_LOOKS = (SMALLEST, Look(390, 844), Look(768, 1024), Look(390, 844, "200%"))
STAFF_LOOKS = (Look(1280, 800), Look(768, 1024))
SIDEWAYS_PHONE = Look(844, 390)


def look_at(page: Page, look: Look) -> None:
    """Show a page in one way."""
    page.set_viewport_size({"width": look.width, "height": look.height})
    page.evaluate("(size) => { document.documentElement.style.fontSize = size }", look.text)


def list_violations(page: Page, looks: Sequence[Look]) -> Iterator[str]:
    """List what axe finds wrong in every look in the light, and in the first one what is wrong in the dark.

    A link that lies half behind a bar can be scrolled from there; the bars move out of the way for axe.
    """
    page.evaluate(LOOSEN, BARS_ASIDE)
    for look in looks:
        look_at(page, look)
        yield from (f"{look}: {found}" for found in run_axe(page, {"type": "tag", "values": TAGS}))
        if scrolls := page.evaluate(SIDEWAYS):
            yield f"{look}: scrolls sideways by {scrolls} pixels"
    look_at(page, looks[0])
    page.emulate_media(color_scheme="dark")
    yield from (f"dark: {found}" for found in run_axe(page, {"type": "rule", "values": COLOUR_RULES}))
    page.emulate_media(color_scheme="light")
    page.evaluate(LOOSEN, "")


def run_axe(
    page: Page, rules: dict[str, Any], *, within: str = "html", kinds: Sequence[str] = ("violations",)
) -> list[str]:
    """Run some of axe's rules on a part of the page as it is; gives what is wrong, each with its markup."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(STRICT_CONTRAST)
    found: list[str] = page.evaluate(RUN, {"within": within, "runOnly": rules, "kinds": list(kinds)})
    return found


def list_pale_text(page: Page) -> Iterator[str]:
    """List the texts below 7:1, large ones too, in light, dark and strong colours; unclear ones as well.

    The marks of a scale lie on their labels and show nothing; they would make axe unsure of what is behind.
    """
    page.evaluate(LOOSEN, MARKS_ASIDE)
    strict = {"type": "rule", "values": ["color-contrast-enhanced"]}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # two of the three words it takes
        for contrast in ("usual", "high"):
            page.evaluate("(how) => { document.documentElement.dataset.contrast = how }", contrast)
            found = run_axe(page, strict, within="main", kinds=("violations", "incomplete"))
            yield from (f"{scheme}, {contrast}: {one}" for one in found)
    page.emulate_media(color_scheme="light")
    page.evaluate("() => { delete document.documentElement.dataset.contrast }")
    page.evaluate(LOOSEN, "")


def list_small_targets(page: Page) -> Iterator[str]:
    """List what is too small to tap; links within a sentence may have the height of its line."""
    for target in page.evaluate(TARGETS):
        width, height = SMALLEST_CELL if target["cell"] else (SMALLEST_TARGET, SMALLEST_TARGET)
        small = target["width"] < width - ROUNDING or target["height"] < height - ROUNDING
        if small and not target["inline"]:
            yield f"{target['width']:.0f} by {target['height']:.0f}: {target['html']}"
