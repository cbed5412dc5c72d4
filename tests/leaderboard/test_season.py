"""A season is one TOML file, read with limits, and says which rows are of its cells."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from made_seasons import made_season, made_task

from w2s_bench.contracts.errors import DataError
from w2s_bench.leaderboard.season import Season, find_season, read_season

ROW = {"task": "task-0", "weak": "weak-0", "strong": "strong", "supervisor": "plain", "seed": 1, "n_test": 100,
       "divergence": "squared", "fingerprint_task": "task-task-0", "fingerprint_data": "data-task-0-1",
       "fingerprint_supervise": "supervise-task-0-1", "fingerprint_transfer": "transfer-task-0-1",
       "fingerprint_test": "test-task-0-1"}


def written(folder: Path, season: Season) -> Path:
    path = folder / "seasons" / "pilot.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(season.to_toml())
    return path


def test_a_season_is_read_as_it_was_written(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(made_task('a"b\\c[x=1]', unit=1e-05), citation="Müller: „Grün\n")
    season = made_season((made_task("plain"), odd), opens="2026-11-27", spread={"regression": odd.spread})
    assert read_season(written(tmp_path, season)) == season
    assert season.to_toml() == read_season(written(tmp_path, season)).to_toml()


def test_a_season_is_found_by_its_label_and_by_its_file(tmp_path: Path) -> None:
    written(tmp_path, made_season())
    assert find_season(tmp_path, "pilot/1") == find_season(tmp_path, "pilot") == made_season()
    with pytest.raises(DataError, match=r"no season is called 'pilot/2'[\s\S]*did you mean pilot/1"):
        find_season(tmp_path, "pilot/2")


@pytest.mark.parametrize(("was", "now", "said"), [
    ('name = "pilot"', 'name = "Pilot"', "is no name of a season"),
    ('version = "1.0"', 'version = "1"', "the version '1' is none"),
    ("unit = 2.0", "unit = 0.0", "unit"),
    ("unit = 2.0", "unit = inf", "not finite"),
    ("unit = 2.0", "unit = 2.0\nsecret = 1", "unknown field `secret`"),
    ("seeds = [0, 1, 2]", "seeds = [0, 1]", "its seeds and those of its splits are not the same"),
    ("seeds = [0, 1, 2]", "seeds = [0, 1, 1]", "its seeds and those of its splits are not the same"),
    ("worst = -0.5", "worst = 0.5", "a failed cell would count as a gain"),
    ('name = "task-1"', 'name = "task-0"', "is in it twice"),
    ('licence = "CC0-1.0"', 'licence = "CC0\\u202e"', "an invisible character"),
    ('schema = "w2s-season/1"', 'schema = "w2s-season/2"', "w2s-season/1 is what this version reads"),
    ('truth = "travels"', 'truth = "maybe"', "maybe"),
    ("title", "[[", "no TOML")])
def test_what_is_no_season_is_refused_in_words(tmp_path: Path, was: str, now: str, said: str) -> None:
    path = written(tmp_path, made_season())
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, now, 1))
    with pytest.raises(DataError, match=said) as raised:
        read_season(path)
    assert "pilot.toml" in raised.value.where


def test_a_season_has_a_cell_for_each_task_setting_and_seed() -> None:
    season = made_season((made_task("a", seeds=2, settings=3), made_task("b", seeds=5)))
    assert len(season.cells()) == 2 * 3 + 5
    assert [(cell.task.name, cell.setting.weak, cell.seed) for cell in season.cells()][:3] == [
        ("a", "weak-0", 0), ("a", "weak-0", 1), ("a", "weak-1", 0)]


def test_a_row_of_other_examples_is_none_of_the_season_and_one_of_no_cell_is_not_asked() -> None:
    season = made_season()
    assert season.mismatch(ROW) is None
    assert season.mismatch({**ROW, "fingerprint_task": "another version of a library, which gives the very same data"}) is None
    for name in ("data", "supervise", "transfer", "test"):
        said = season.mismatch({**ROW, f"fingerprint_{name}": "else"})
        assert said is not None and f"fingerprint_{name} is else" in said and "new season" in said
    assert "99 test examples" in str(season.mismatch({**ROW, "n_test": 99}))
    assert "scored in kl" in str(season.mismatch({**ROW, "divergence": "kl"}))
    for other in ({"task": "elsewhere"}, {"seed": 9}, {"weak": "unknown"}):
        assert season.mismatch({**ROW, **other, "fingerprint_test": "else"}) is None
