"""The site of the documents: what it is made of, that it builds, and that its links lead somewhere."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import build  # noqa: E402
import links  # noqa: E402

yaml = pytest.importorskip("yaml", reason="mkdocs.yml is read with PyYAML, of the extra docs")
ZENSICAL = importlib.util.find_spec("zensical")
needs_zensical = pytest.mark.skipif(ZENSICAL is None, reason="Zensical is not installed: pip install '.[docs]'")
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
SETTINGS = {"site_name", "site_description", "docs_dir", "theme", "extra_css", "extra_javascript", "markdown_extensions", "nav"}
"""What mkdocs.yml may say: Zensical ignores what it does not know, plugins among it, without a word."""
THEME = {"name", "language", "font", "palette", "features"}
EXTENSIONS = {"footnotes", "md_in_html", "sane_lists", "toc", "pymdownx.highlight", "pymdownx.superfences"}


def _leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(part)


def test_the_settings_are_ones_that_zensical_knows() -> None:
    extensions = {name for entry in CONFIG["markdown_extensions"] for name in (entry if isinstance(entry, dict) else [entry])}
    assert set(CONFIG) <= SETTINGS and set(CONFIG["theme"]) <= THEME and extensions <= EXTENSIONS
    assert all(set(entry) <= {"media", "scheme", "toggle"} for entry in CONFIG["theme"]["palette"])


@needs_zensical
def test_the_features_are_ones_that_the_theme_asks_for() -> None:
    templates = Path(str(ZENSICAL and ZENSICAL.origin)).parent / "templates"
    asked = "".join(path.read_text(encoding="utf-8") for ending in ("html", "js") for path in templates.rglob(f"*.{ending}"))
    icons = [entry["toggle"]["icon"] for entry in CONFIG["theme"]["palette"]]
    assert [feature for feature in CONFIG["theme"]["features"] if f'"{feature}"' not in asked] == []
    assert [icon for icon in icons if not (templates / ".icons" / f"{icon}.svg").is_file()] == []


def test_no_font_and_no_script_comes_from_elsewhere() -> None:
    assert CONFIG["theme"]["font"] is False
    own = [*CONFIG["extra_css"], *CONFIG.get("extra_javascript", [])]
    assert [name for name in own if not (ROOT / "docs" / name).is_file()] == []


def test_every_page_is_in_the_navigation_once() -> None:
    listed = Counter(_leaves(CONFIG["nav"]))
    assert {name: times for name, times in listed.items() if times > 1} == {}
    assert set(listed) == {place for place in build.sources() if place.endswith(".md")}, "the nav of mkdocs.yml names every page"


def test_a_link_is_turned_to_where_the_page_lies_on_the_site() -> None:
    places = {path.resolve(): place for place, path in build.sources().items()}
    page = ("[a](docs/scoring.md#flags) [`tests/`](tests) [it](tests/conftest.py) [b](https://example.org) `[c](docs/none.md)`\n"
            "```text\n[d](docs/none.md)\n```\n")
    assert build.turned(page, ROOT / "README.md", "project/readme.md", places) == (
        "[a](../scoring.md#flags) `tests/` it (`tests/conftest.py`) [b](https://example.org) `[c](docs/none.md)`\n"
        "```text\n[d](docs/none.md)\n```\n")
    with pytest.raises(FileNotFoundError, match=r"docs/none\.md"):
        build.turned("[e](docs/none.md)", ROOT / "README.md", "project/readme.md", places)


def test_versions_stand_beside_each_other_and_latest_is_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(target: Path, version: str) -> None:
        target.mkdir(parents=True, exist_ok=True)
        (target / "sitemap.xml").write_text(version, encoding="utf-8")

    monkeypatch.setattr(build, "build", built)
    for version in ("dev", "0.9", "0.10", "0.2"):
        build.publish(tmp_path, version)
    listed = yaml.safe_load((tmp_path / "versions.json").read_text(encoding="utf-8"))
    assert [entry["version"] for entry in listed] == ["0.10", "0.9", "0.2", "dev"]
    assert [entry["aliases"] for entry in listed] == [["latest"], [], [], []]
    assert (tmp_path / "latest" / "sitemap.xml").read_text(encoding="utf-8") == "0.10"


@pytest.mark.parametrize(("line", "why"), [
    ('<a href="b.html">', ""), ('<a href="b.html#there">', ""), ('<a href="#here">', ""), ('<a href="https://example.org">', ""),
    ('<img src="data:image/png;base64,AA">', ""), ('<a href=".">', ""),
    ('<a href="c.html">', "no such file"), ('<img src="c.png">', "no such file"), ('<a href="b.html#gone">', "no such anchor"),
    ('<a href="#gone">', "no such anchor"), ('<a href="../outside.html">', "outside of the site"),
    ('<script src="https://example.org/x.js">', "loaded from elsewhere"), ('<a href="javascript:alert(1)">', "not a link"),
    ('<link href="//example.org/x.css">', "loaded from elsewhere"), ('<img src="//example.org/x.png">', "loaded from elsewhere"),
])
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, line: str, why: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "outside.html").write_text("", encoding="utf-8")
    (site / "b.html").write_text('<p id="there">', encoding="utf-8")
    (site / "index.html").write_text(f'<p id="here">{line}', encoding="utf-8")
    assert [dead.rsplit(": ", 1)[1] for dead in links.dead_links(site)] == [why] * bool(why)


def test_a_style_that_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    style = "p { background: url(b.png) } i { background: url('https://example.org/b.png') }"
    (tmp_path / "a.css").write_text(style, encoding="utf-8")
    assert links.dead_links(tmp_path) == ["a.css: https://example.org/b.png: loaded from elsewhere"]


def test_the_pages_of_the_reference_are_what_the_program_says(tmp_path: Path) -> None:
    """A process of its own writes them: what other tests leave in this one is on no page."""
    subprocess.run([sys.executable, str(ROOT / "docs" / "reference.py"), str(tmp_path)], check=True, cwd=ROOT)
    made, kept = ({path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
                  for folder in (tmp_path, ROOT / "docs" / "reference"))
    differing = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    assert differing == [], "python docs/reference.py writes them again"


class _Shape(HTMLParser):
    """How many of each element the text of a page has."""

    COUNTED = ("h1", "h2", "h3", "h4", "li", "ul", "ol", "table", "tr", "td", "pre", "img", "strong", "em", "blockquote")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.inside = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.inside and tag in self.COUNTED:
            self.found[tag] += 1
        self.inside += tag == "article"

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "built"
    build.build(folder)  # ends with what is wrong where Zensical warns, or a link of what it built is dead
    return folder


@pytest.mark.slow
@needs_zensical
def test_the_site_builds_strictly_and_every_link_of_it_leads_somewhere(site: Path) -> None:
    assert len(list(site.rglob("*.html"))) > len(list((ROOT / "docs").rglob("*.md")))


@pytest.mark.slow
@needs_zensical
def test_a_page_has_the_same_parts_on_the_site_and_in_the_repository(site: Path) -> None:
    """The repository's host reads CommonMark, the site another dialect, which sees lists and tables elsewhere."""
    differing = {}
    for place, source in build.sources().items():
        if place.endswith(".md"):
            text = MarkdownIt("commonmark").enable("table").render(source.read_text(encoding="utf-8"))
            page = site / place.removesuffix(".md").removesuffix("index") / "index.html"
            there = _Shape(page.read_text(encoding="utf-8")).found
            here = _Shape(f"<article>{text}</article>").found
            if there != here:
                differing[place] = {tag: (here[tag], there[tag]) for tag in here | there if here[tag] != there[tag]}
    assert differing == {}


PHONE = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
FOUND = """return [...document.querySelectorAll("*")].filter(each => each.shadowRoot)
    .flatMap(each => [...each.shadowRoot.querySelectorAll("a[href]")]).map(each => each.href)"""
"""Where the results of a search lead, which the theme keeps in a tree of their own."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing of what it served."""


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@needs_zensical
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone_and_none_loads_from_elsewhere(site: Path, host: str, browser: Any, scheme: str) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    for page in sorted(site.rglob("index.html")):
        place = page.relative_to(site).as_posix()
        browser.get(f"{host}/{place}")
        wide, loaded, dark = browser.execute_script("""
            return [document.documentElement.scrollWidth,
                    performance.getEntriesByType("resource").map(each => each.name),
                    document.body.dataset.mdColorScheme]""")
        assert wide <= 390, place
        assert [name for name in loaded if not name.startswith(host)] == [], place
        assert dark == {"light": "default", "dark": "slate"}[scheme], place
    assert [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


@pytest.mark.slow
@needs_zensical
def test_the_search_finds_a_page_without_a_network(host: str, browser: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**PHONE, "width": 1280, "mobile": False})
    browser.get(f"{host}/index.html")
    browser.find_element("css selector", ".md-search__button").click()
    wait = WebDriverWait(browser, 20)
    wait.until(lambda it: it.switch_to.active_element.shadow_root)
    browser.switch_to.active_element.send_keys("misfit")
    wait.until(lambda it: any("/scoring/" in address for address in it.execute_script(FOUND)))
