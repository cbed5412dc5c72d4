"""A spec says what it means: panels, data folders, quick versions, and back to TOML."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from conftest import Command

from w2s_bench.contracts.errors import UsageError
from w2s_bench.planning.spec import spec_from_toml, spec_schema
from w2s_bench.registry.loading import load_registry

STUDY = """
name = "study"
references = []
representations = false

[[matrix]]
panel = "first"
tasks = ['arrays[path="{data}/a.csv"]']
models = ["raw", "random-features"]
"""


def test_a_data_folder_is_filled_in_whatever_its_name_holds() -> None:
    spec = spec_from_toml(STUDY, where="here", data='my "own" data\\folder')
    assert spec.matrices[0].tasks == ('arrays[path="my \\"own\\" data\\\\folder/a.csv"]',)


def test_a_spec_that_needs_data_says_so() -> None:
    with pytest.raises(UsageError, match="--data FOLDER"):
        spec_from_toml(STUDY, where="here")


def test_names_given_by_words_are_filled_as_those_of_a_spec(w2s: Command) -> None:
    (w2s.folder / "my data").mkdir()
    (w2s.folder / "my data" / "a.csv").write_text("x1,x2,y\n" + "\n".join(f"{k % 7},{k % 5},{k % 3}" for k in range(40)) + "\n")
    words = ("--task", 'arrays[path="{data}/a.csv",label=y]', "--models", "raw", "--models", "random-features[width=8]")
    assert "2 cells" in w2s("plan", *words, "--data", "my data", check=0).stdout
    assert "--data FOLDER" in w2s("plan", *words, check=2).stderr


def test_a_spec_is_what_its_toml_says() -> None:
    spec = spec_from_toml(STUDY, where="here", data="d")
    assert spec_from_toml(spec.to_toml(), where="again") == spec
    assert (spec.matrices[0].panel, spec.representations, spec.references) == ("first", False, ())


@pytest.mark.parametrize("line", ['panel = 3', 'panel = "a b"'])
def test_a_panel_is_a_plain_name(line: str) -> None:
    with pytest.raises(UsageError):
        spec_from_toml(STUDY.replace('panel = "first"', line), where="here", data="d")


def test_every_suite_and_its_quick_version_can_be_read() -> None:
    suites = [offer.entry for offer in load_registry().entries("suites")]
    assert {"quickstart", "paper-synthetic"} <= {suite.name for suite in suites}
    for suite in suites:
        for text in filter(None, (suite.toml, suite.quick)):
            assert spec_from_toml(text, where=suite.name, data="folder").name.startswith(suite.name)


@pytest.mark.parametrize(("words", "said"), [
    (("run", "quickstart", "--quick"), "no quick version"),
    (("plan", "paper-molecules"), "--data FOLDER"),
    (("run", "--quick", "--task", "diabetes", "--models", "raw"), "quick goes with a suite"),
    (("plan", "paper-molecules", "--data", "nowhere"), "no such folder"),
])
def test_words_that_a_suite_cannot_follow_are_explained(w2s: Command, words: tuple[str, ...], said: str) -> None:
    assert said in w2s(*words, check=2).stderr


@pytest.mark.parametrize(("change", "said"), [
    (('models = ["raw", "random-features"]', "models = 3"), "models = 3 cannot be read"),
    (("references = []", 'references = ["glod"]'), "gold"),
    (("representations = false", 'representations = "no"'), "representations = 'no' cannot be read: expected true or false"),
    (("[[matrix]]", "[matrix]"), r"no \[\[matrix\]\]"),
    (('panel = "first"', 'pannel = "first"'), "panel"),
    (('panel = "first"', "seeds = [0.5]"), "seeds = \\[0.5\\] cannot be read"),
])
def test_what_stands_wrong_in_a_spec_is_named_with_the_nearest_right_thing(change: tuple[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        spec_from_toml(STUDY.replace(*change), where="here", data="d")


def test_the_schema_for_editors_is_the_one_that_the_program_reads_by() -> None:
    shipped = json.loads((Path(__file__).resolve().parents[2] / "docs" / "spec.schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(spec_schema())), "docs/spec.schema.json is the JSON of spec_schema()"


def test_the_schema_takes_every_suite_and_refuses_a_wrong_key() -> None:
    validator = jsonschema.Draft202012Validator(spec_schema())
    for offer in load_registry().entries("suites"):
        assert list(validator.iter_errors(tomllib.loads(offer.entry.toml))) == []
    assert list(validator.iter_errors({"name": "x", "matrx": []}))
