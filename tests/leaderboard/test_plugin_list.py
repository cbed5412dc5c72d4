"""The list of published plugins holds pointers alone; an entry is hostile until it is checked, and nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command

from w2s_bench.contracts.kinds import KINDS
from w2s_bench.leaderboard.plugin_list import read_pointer, read_pointers
from w2s_bench.leaderboard.site.rendering import filled
from w2s_bench.leaderboard.untrusted import Refused
from w2s_bench.registry.requirements import required_api

ROOT = Path(__file__).resolve().parents[2]
SOUND = {"name": '"heads"', "adds": '["strategies"]', "summary": '"heads of mine"', "repository": '"https://example.org/ada/heads"',
         "commit": f'"{"0a" * 20}"', "licence": '"MIT"', "requires_api": '">=1,<2"'}


def _entry(folder: Path, changed: dict[str, str], name: str = "heads.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"{key} = {value}\n" for key, value in {**SOUND, **changed}.items() if value))
    return folder


def test_what_the_list_of_this_repository_says_is_so() -> None:
    external = next(each for each in read_pointers(ROOT / "leaderboard") if each.name == "w2s_external")
    source = ROOT / external.path / external.name / "__init__.py"
    assert external.address == "./tests/external_plugin"
    assert required_api(source.read_bytes(), external.name) == external.requires_api
    assert set(external.adds) >= {kind.plural for kind in KINDS}
    assert external.kit is not None and external.kit.passed > 0


def test_a_sound_entry_says_what_pip_installs(tmp_path: Path) -> None:
    found = read_pointer(_entry(tmp_path, {"path": '"python/heads"'}), "heads.toml")
    assert found.address == f"git+https://example.org/ada/heads@{'0a' * 20}#subdirectory=python/heads"


@pytest.mark.parametrize(("changed", "reason"), [
    ({"name": '"other"'}, "name is 'other', not the name of the file"),
    ({"adds": '["rootkits"]'}, "adds is ('rootkits',), not kinds"),
    ({"adds": "[]"}, "adds is (), not kinds"),
    ({"repository": '"http://example.org/ada/heads"'}, "not an address as https://"),
    ({"repository": '"https://example.org/a;rm -rf"'}, "not an address as https://"),
    ({"repository": '"--index-url=https://example.org/ada"'}, "not an address as https://"),
    ({"repository": '"https://u:p@example.org/ada/heads"'}, "not an address as https://"),
    ({"repository": '"https://example.org/../heads"'}, "not an address as https://"),
    ({"commit": '"main"'}, "commit is 'main', not 40 hexadecimal digits"),
    ({"commit": ""}, "commit is '', not 40 hexadecimal digits"),
    ({"repository": '"."', "path": '"tests/external_plugin"'}, "of this repository: none"),
    ({"repository": '"."', "commit": "", "path": '"../elsewhere"'}, "path is '../elsewhere', not a folder within"),
    ({"path": '"/etc"'}, "path is '/etc', not a folder within"),
    ({"requires_api": '"some"'}, "requires_api is 'some', not a version specifier"),
    ({"summary": '"\\u001b[2J gone"'}, "summary holds a control character (U+001B)"),
    ({"summary": '"<script>alert(1)</script>"'}, "summary holds markup that does something"),
    ({"summary": f'"{"long " * 60}"'}, "summary is longer than 200 characters"),
    ({"licence": '" "'}, "licence is ' ', not a licence"),
    ({"install": '"curl"'}, "contains unknown field `install`"),
    ({"kit": '{version = "1.0", date = 2026-11-27, passed = -1}'}, "not how many checks ended how"),
])
def test_an_entry_that_is_not_as_it_must_be_is_refused(tmp_path: Path, changed: dict[str, str], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read_pointer(_entry(tmp_path / "plugins", changed), "heads.toml")
    assert reason in refused.value.what and refused.value.where == "plugins/heads.toml"


def test_the_command_lists_checks_and_gives_addresses(w2s: Command) -> None:
    (w2s.folder / "board").mkdir()
    _entry(w2s.folder / "board" / "plugins", {})
    words = ("leaderboard", "plugins", "--leaderboard", "board")
    assert "conformance: not run" in w2s(*words, check=0).stdout
    assert w2s(*words, "--check", check=0).stdout == "1 entry, each as it must be\n"
    assert w2s(*words, "--addresses", check=0).stdout == f"git+https://example.org/ada/heads@{'0a' * 20} heads\n"
    _entry(w2s.folder / "board" / "plugins", {"commit": '"main"'})
    assert "commit is 'main'" in w2s(*words, "--check", check=2).stderr


def test_the_page_shows_what_the_kit_said_and_escapes(tmp_path: Path) -> None:
    kit = '{version = "1.0", date = 2026-11-27, passed = 8, failed = 1}'
    _entry(tmp_path / "plugins", {"kit": kit, "summary": '"a < b & c"'})
    season = {"title": "t", "label": "pilot/1"}
    page = filled("plugins.html.j2", title="Plugins", root="", season=season, policy="", datatables="", header="", footer="",
                  data_files=[], pointers=read_pointers(tmp_path))
    assert "8 passed, 1 failed (kit 1.0, 2026-11-27)" in page and "a &lt; b &amp; c" in page
