"""A figure shows the numbers of its rows, keeps what it shows apart without colour, and says what it cannot draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import make_classes, make_tables
from w2s_figures.gain_misfit import MOST_MARKS
from w2s_figures.look import DASHES
from w2s_figures.names import Frame, placed
from w2s_figures.scales import logarithmic, signed

from w2s_bench.contracts import COLOURS, SHAPES, Drawing, UsageError
from w2s_bench.figures.choosing import chosen
from w2s_bench.figures.data import RunData
from w2s_bench.figures.picture import for_page
from w2s_bench.figures.specification import specification
from w2s_bench.figures.write import save
from w2s_bench.registry.loading import load_registry
from w2s_bench.tables.comparisons import comparisons
from w2s_bench.tables.summary import summary

SIZES = (16, 64, 256)


NO_BOUNDS = make_tables({"t": 1.0})[1].clear()


def drawn(name: str, rows: pl.DataFrame, bounds: pl.DataFrame = NO_BOUNDS, *, on_page: bool = False, **settings: Any) -> Drawing:
    """The figure of this name, as the command or a page draws it."""
    data = RunData(rows, bounds, on_page=on_page)
    return chosen(load_registry().one("figures", name, settings)).draw(data)


def sized(seeds: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One pair in both directions, at several sizes of the transfer set that only the task's label and n_transfer tell."""
    rows, bounds = make_tables({f"t[transfer={size}]": 100.0 / size for size in SIZES}, seeds=seeds)
    size = pl.col("task").str.extract(r"=(\d+)").cast(pl.Int64)
    return rows.with_columns(size.alias("n_transfer"), pl.lit(0.0).alias("projection"),
                             (pl.col("gain") - pl.col("misfit")).alias("realizability")), bounds


def family(weak: int = 4) -> pl.DataFrame:
    """Teachers `m[width=…]` of one strong model; the wider, the better they teach."""
    rows, _ = make_tables({"t": 1.0})
    one = rows.filter(pl.col("direction") == "weak-to-strong")
    return pl.concat([one.with_columns(
        pl.lit(f"m[width={2**i}]").alias("weak"), pl.lit("m[width=999]").alias("strong"), (pl.col("cell_key") + f"-{i}"),
        (pl.col("err_weak") - 0.1 * i).alias("err_weak"), (pl.col("err_student") - 0.1 * i).alias("err_student"))
        for i in range(weak)])


def shown(figure: Drawing, start: str) -> list[dict[str, Any]]:
    return [dict(row) for name, table in figure.tables.items() if name.startswith(start) for row in table]


def test_sizes_that_differ_by_seed_alone_are_no_curve() -> None:
    rows, bounds = sized()
    one_task = rows.with_columns(pl.lit("t").alias("task"), pl.lit("t").alias("task_set"))
    with pytest.raises(UsageError, match="n_transfer is 101 in all cells"):
        drawn("sample-size", one_task.with_columns((100 + pl.col("seed")).alias("n_transfer")), bounds)


@pytest.mark.parametrize(("x", "text"), [
    ("n_transfer", "n_transfer holds no number"), ("err_weak", "no pair of models was run at 2 values of err_weak"),
    ("seed", "seed is 1 in all cells"), ("week.width", "no side is called 'week'"), ("task.source", "task.source is no number"),
    ("strong.width", "these strong labels have no parameters")])
def test_a_number_along_which_there_is_no_curve_is_refused(x: str, text: str) -> None:
    rows, bounds = make_tables({"t[source=target]": 1.0, "u": 2.0})
    with pytest.raises(UsageError, match=text):
        drawn("sample-size", rows, bounds, x=x)


@pytest.mark.parametrize("name", ["gain-misfit", "tightness", "sample-size"])
def test_a_run_without_a_score_gives_no_figure(name: str) -> None:
    rows, bounds = make_tables({"t": 1.0}, failed=2)
    with pytest.raises(UsageError, match="no cell with status ok among 2"):
        drawn(name, rows.filter(pl.col("status") != "ok"), bounds)
    with pytest.raises(UsageError, match="projection and realizability: no number"):
        drawn("ledger", rows)


def test_the_bars_of_the_ledger_sum_to_its_gain() -> None:
    rows, _ = sized()
    figure = drawn("ledger", rows.with_columns(pl.lit("t").alias("task_set")))
    gains = {row["pair"]: row["gain"] for row in shown(figure, "gains")}
    assert len(gains) == 2
    for pair, gain in gains.items():
        assert sum(row["value"] for row in shown(figure, "terms") if row["pair"] == pair) == pytest.approx(gain, rel=1e-5)
    assert next(iter(gains)) == "small → large"


def test_sizes_are_one_curve_for_each_direction_side_by_side() -> None:
    figure = drawn("sample-size", *sized())
    points = [row for row in shown(figure, "errors") if row["measure"] == "err_student"]
    curves = list(dict.fromkeys(row["curve"] for row in points))
    assert curves == ["weak-to-strong\nsmall → large", "strong-to-weak\nlarge → small"]
    assert all([row["x"] for row in points if row["curve"] == curve] == list(SIZES) for curve in curves)
    assert all(row["low"] is not None for row in points)
    assert all(row["low"] is None for row in shown(drawn("sample-size", *sized(seeds=2)), "gain"))


def test_a_heatmap_of_a_ratio_shows_the_ratio_of_means() -> None:
    rows, _ = make_tables({"t": 1.0})
    (square,) = [row for row in shown(drawn("heatmap", rows, value="pgr"), "pairs") if row["strong"] == "large"]
    forward = rows.filter(pl.col("strong") == "large")
    assert square["value"] == pytest.approx(forward["gain"].mean() / (forward["err_weak"] - forward["err_ceiling"]).mean())
    level = rows.with_columns(err_ceiling=pl.col("err_weak") * (1.0 - 1e-15))
    (square,) = [row for row in shown(drawn("heatmap", level, value="pgr"), "pairs") if row["strong"] == "large"]
    assert (square["value"], square["text"]) == (None, "–"), "a ceiling that errs as its teacher leaves no gap to recover"
    shades = {row["strong"]: row["shade"] for row in shown(drawn("heatmap", rows), "pairs")}
    assert shades["large"] == 1.0 and -1.0 <= shades["small"] < 0.0


def test_only_a_certified_bound_that_says_something_has_a_ratio_and_one_far_beyond_one_stays_in_the_frame() -> None:
    rows, bounds = make_tables({"t": 1.0})
    marked = bounds.with_columns(
        pl.Series("verdict", ["says nothing", "holds", "holds", "no statement", "no statement", "violated"]),
        pl.Series("exceeded", [False, False, False, True, False, True]), pl.Series("tightness", [0.1, 0.5, 1.1, 0.7, 0.7, 1e15]))
    drawing = drawn("tightness", rows, marked)
    boxes = {row["class"]: row for row in shown(drawing, "boxes")}
    assert boxes["certified"]["count"] == "n = 3, 1 violated" and boxes["says nothing"]["count"] == "n = 1 says nothing"
    assert boxes["no statement"]["count"] == "n = 2 no statement, 1 exceeded" and boxes["no statement"]["median"] is None
    assert sorted(row["at"] for row in shown(drawing, "ticks")) == [0.5, 1.0, 2.0]
    empty = bounds.with_columns(verdict=pl.lit("no statement"))
    tightness = chosen(load_registry().one("figures", "tightness"))
    assert tightness.applies(RunData(rows, bounds)) and not tightness.applies(RunData(rows, empty))


def test_the_teacher_that_the_rule_takes_is_ringed() -> None:
    rows = family()
    figure = drawn("selection", rows)
    ringed = [row for row in shown(figure, "teachers") if row["chosen"]]
    assert [row["teacher"] for row in ringed] == ["width=8"]
    errors = {row["rule"]: row["mean"] for row in shown(figure, "rules")}
    assert errors["predicted-error"] == errors["oracle"] < errors["random"]
    with pytest.raises(UsageError, match="choices are not made by 'weak'"):
        drawn("selection", rows, by="weak")


def test_more_ways_of_fitting_than_can_be_told_apart_are_drawn_as_their_mean_over_the_same_students() -> None:
    """The worst way of fitting lacks the best teacher, and that must not be held against the others."""
    ways = [family().with_columns(strategy=pl.lit(f"fit{i}"), cell_key=pl.col("cell_key") + f"fit{i}",
                                  err_student=pl.col("err_student") + 0.01 * i) for i in range(6)]
    lacking = family().filter(pl.col("weak") != "m[width=8]").with_columns(
        strategy=pl.lit("lacking"), cell_key=pl.col("cell_key") + "lacking", err_student=pl.col("err_student") + 9.0)
    figure = drawn("selection", pl.concat([*ways, lacking]))
    assert "7 ways of fitting are more than can be told apart" in figure.caption and "--where" in figure.caption
    points = {row["teacher"]: row["err_student"] for row in shown(figure, "teachers")}
    expected = pl.concat(ways).group_by("weak").agg(pl.col("err_student").mean())
    assert points == pytest.approx({name[2:-1]: error for name, error in expected.iter_rows()}, rel=1e-4)
    assert len(shown(drawn("selection", pl.concat(ways)), "teachers")) == 24


def test_classes_are_drawn_in_nats_and_their_areas_reach_from_the_promise_to_the_misfit() -> None:
    rows, bounds = make_classes({"t": 2})
    figure = drawn("gain-misfit", rows, bounds.with_columns(all_assumptions=pl.lit(True)))
    promised = rows.join(bounds.filter(bound="kl-explicit", split="test"), on="cell_key").group_by("weak", "strategy").agg(
        pl.col("lhs").mean())
    lows = sorted(row["low"] for row in shown(figure, "pairs"))
    assert lows == pytest.approx(promised["lhs"].sort().to_list(), rel=1e-5)
    assert all(row["high"] == pytest.approx(row["misfit"]) for row in shown(figure, "pairs"))
    assert "Light area, of 4 pairs" in figure.caption and "nats" in str(specification(figure))


def test_an_area_is_drawn_where_the_law_is_certified_of_all_cells_with_what_delta_adds_and_nowhere_else() -> None:
    rows, bounds = make_tables({"t": 1.0})
    uncertain = drawn("gain-misfit", rows, bounds)
    assert all(point["low"] is None for point in shown(uncertain, "pairs")) and "Light area" not in uncertain.caption
    inexact = bounds.head(3).with_columns(bound=pl.lit("inexact"), slack=pl.col("slack") + 0.5, all_assumptions=pl.lit(True))
    points = shown(drawn("gain-misfit", rows, pl.concat([bounds, inexact])), "pairs")
    (lit,) = [point for point in points if point["low"] is not None]
    assert lit["kind"] == "weak-to-strong" and lit["high"] == pytest.approx(lit["misfit"], rel=1e-5)
    assert lit["low"] == pytest.approx(1.0 - bounds.head(3)["rhs"].mean() - 0.5, rel=1e-5)
    some = drawn("gain-misfit", rows, pl.concat([bounds, inexact.head(2)]))
    assert all(point["low"] is None for point in shown(some, "pairs"))


def test_a_pair_is_named_by_what_tells_it_from_the_others_of_its_panel() -> None:
    rows, bounds = make_tables({"t": 1.0})
    assert {point["pair"] for point in shown(drawn("gain-misfit", rows, bounds), "pairs")} == {"small → large", "large → small"}
    ahead = rows.filter(pl.col("direction") == "weak-to-strong")
    assert {point["pair"] for point in shown(drawn("gain-misfit", ahead, bounds), "pairs")} == {"small"}
    students = pl.concat([ahead, ahead.with_columns(pl.col("strong") + "r", pl.col("cell_key") + "r")])
    assert {point["pair"] for point in shown(drawn("gain-misfit", students, bounds), "pairs")} == {"→ large", "→ larger"}


def test_a_divergence_that_nobody_offers_has_no_band_and_its_cells_no_theorem() -> None:
    rows, bounds = make_tables({"t": 1.0})
    figure = drawn("gain-misfit", rows.with_columns(divergence=pl.lit("of-a-stranger")), bounds)
    assert all(point["low"] is None for point in shown(figure, "pairs"))
    assert "Theorem" not in figure.caption and "Light area" not in figure.caption


def test_a_bar_is_the_interval_that_the_table_of_the_run_shows() -> None:
    rows, bounds = make_tables({"t": 1.0})
    lines = {(line["weak"], line["strong"]): line for line in summary(rows, bounds).to_dicts()}
    figure = drawn("gain-misfit", rows, bounds)
    for point in shown(figure, "pairs"):
        line = lines[point["teacher"], point["student"]]
        assert point["gain"] == pytest.approx(line["gain"], rel=1e-5) and point["over"] == line["gain_over"]
        assert point["gain_high"] == pytest.approx(line["gain_high"], rel=1e-4)
    assert "Bars: 95 % interval of the gain over seeds" in figure.caption
    alone = drawn("gain-misfit", rows.filter(pl.col("seed") == 0), bounds)
    assert "over test examples" in alone.caption and all(point["gain_low"] is not None for point in shown(alone, "pairs"))


def test_teachers_are_named_where_no_name_hides_a_mark_or_another_name() -> None:
    frame = Frame((0.0, 1.0), (0.0, 1.0), 400, 300)
    marks = [(0.5, 0.5, "raw"), (0.505, 0.5, "raw"), (0.5, 0.52, "nano"), (0.98, 0.2, "a teacher of a name that is cut short")]
    found = placed(marks, frame)
    assert [name for _, _, name in found] == ["raw", "nano", "a teacher of a name that is c…"]
    boxes = [(*frame.pixels(x, y), len(name)) for x, y, name in found]
    assert all(left >= 0 and left + 5.6 * letters <= 400 for left, _, letters in boxes)
    for left, down, letters in boxes:
        for x, y in (frame.pixels(x, y) for x, y, _ in marks):
            assert not (left < x < left + 5.6 * letters and abs(down - y) < 5)
    text = str(specification(drawn("gain-misfit", *make_tables({"t": 1.0}))))
    assert "'name': 'small → large'" in text and "'name': 'large → small'" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gain-misfit", "strategies", "ledger", "selection"])
def test_a_panel_in_which_every_interval_is_wider_than_its_frame_is_dropped_with_a_sentence(name: str) -> None:
    rows, bounds = make_classes({"quiet": 2, "loud": 2}, seeds=3)
    rows = pl.concat([rows, rows.with_columns(pl.col("weak") + "er", pl.col("cell_key") + "er")])
    odd = pl.when(pl.col("strategy") == "plain").then(1.0).otherwise(-1.0)
    noise = pl.when((pl.col("task_set") == "loud") & (pl.col("seed") > 0)).then(
        1e4 * odd * (2 * pl.col("seed") - 3)).otherwise(0.0)
    columns = ("gain", "misfit", "projection", "realizability", "err_student", "gain_accuracy", "agreement_weak_right",
               "agreement_weak_wrong")
    loud = rows.with_columns(pl.col(column) + noise for column in columns)
    figure = drawn(name, loud, bounds)
    assert "every interval is wider than its frame" in figure.caption and "loud" in figure.caption
    assert "wider than its frame" not in drawn(name, rows.filter(pl.col("task_set") == "quiet"), bounds).caption
    with pytest.raises(UsageError, match="wider than its frame"):
        drawn(name, loud.filter(pl.col("task_set") == "loud"), bounds)


@pytest.mark.slow
def test_every_kind_takes_classes(tmp_path: Path) -> None:
    rows, bounds = make_classes({"sentiment": 2, "questions": 6})
    teachers = pl.concat([rows, rows.with_columns(pl.col("weak") + "er", pl.col("cell_key") + "er")])
    for name, settings in (("ledger", {}), ("tightness", {}), ("selection", {}), ("strategies", {}),
                           ("heatmap", {"value": "agreement_weak_wrong"})):
        save(drawn(name, teachers if name == "selection" else rows, bounds, **settings), tmp_path / f"{name}.svg")
        drawing = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        assert "NaN" not in drawing and "undefined" not in drawing
    assert "kl-explicit" in (tmp_path / "tightness.svg").read_text(encoding="utf-8")


def test_shares_of_examples_have_no_unit_and_their_ratio_is_of_means() -> None:
    rows, _ = make_classes({"t": 3}, ("plain",))
    forward = rows.filter(pl.col("strong") == "large")
    (square,) = [row for row in shown(drawn("heatmap", rows, value="pgr_accuracy"), "pairs") if row["strong"] == "large"]
    gap = forward["accuracy_ceiling"].mean() - forward["accuracy_weak"].mean()
    assert square["value"] == pytest.approx(forward["gain_accuracy"].mean() / gap, rel=1e-5)
    assert "nats" not in str(specification(drawn("heatmap", rows, value="accuracy_student")))


@pytest.mark.slow
def test_accuracy_is_a_curve_of_its_own_without_the_unit_of_the_errors() -> None:
    parts = [make_classes({f"t[transfer={size}]": 2}, ("plain",))[0].with_columns(
        pl.lit(size, dtype=pl.Int64).alias("n_transfer"), pl.col("cell_key") + f"-{size}") for size in SIZES]
    rows = pl.concat(parts)
    figure = drawn("sample-size", rows)
    assert {row["measure"] for row in shown(figure, "accuracy")} == {"accuracy_weak", "accuracy_student", "accuracy_ceiling"}
    assert "errors, nats" in str(specification(figure)) and "accuracy, nats" not in str(specification(figure))
    assert not shown(drawn("sample-size", *sized()), "accuracy")


@pytest.mark.slow
def test_strategies_are_drawn_as_paired_differences_in_points_where_they_are_shares() -> None:
    rows, _ = make_classes({"t": 3}, ("plain", "copy", "bold"))
    compared = comparisons(rows, "plain")
    figure = drawn("strategies", rows, against="plain")
    for measure, power in (("misfit", 1.0), ("gain_accuracy", 100.0)):
        line = compared.filter((pl.col("measure") == measure) & (pl.col("strategy") == "copy")).row(0, named=True)
        mark = next(row for row in shown(figure, f"{measure}-") if row["strategy"] == "copy")
        assert mark["apart"] == pytest.approx(power * line["difference"], rel=1e-5) and mark["low"] < mark["apart"] < mark["high"]
    assert {row["strategy"] for row in shown(figure, "gain-")} == {"copy", "bold"} and "beside plain" in figure.title
    many = pl.concat([rows.with_columns(task=pl.lit(f"t{i}"), task_set=pl.lit(f"t{i}")) for i in range(14)])
    assert "12 of 15 panels are drawn" in drawn("strategies", many).caption


@pytest.mark.slow
def test_thousands_of_cells_of_many_pairs_are_small_marks_without_bars_or_names() -> None:
    rows, bounds = make_tables({"t": 1.0}, seeds=MOST_MARKS // 2 + 100)
    rows = rows.with_columns((pl.col("weak") + (pl.col("seed") % 40).cast(pl.String)).alias("weak"))
    figure = drawn("gain-misfit", rows, bounds.with_columns(all_assumptions=pl.lit(True)))
    points = shown(figure, "cells")
    assert len(points) == MOST_MARKS and set(points[0]) == {"gain", "misfit", "kind"}
    assert f"{MOST_MARKS} drawn at random out of {rows.height}" in figure.caption
    assert "neither intervals nor bounds" in figure.caption
    assert for_page(figure, "a").startswith("<picture>")
    assert for_page(drawn("gain-misfit", *make_tables({"t": 1.0})), "a").startswith("<svg")
    assert shown(drawn("gain-misfit", rows, bounds), "cells") == points


@pytest.mark.slow
def test_a_dozen_panels_at_most_and_the_rest_is_said_to_be_left_out() -> None:
    rows, bounds = make_tables({f"t{i}": 1.0 for i in range(14)})
    assert "12 of 14 panels are drawn; --where chooses others" in drawn("gain-misfit", rows, bounds).caption


def test_panels_of_a_study_are_panels_of_a_figure() -> None:
    rows, bounds = make_tables({"t": 1.0})
    both = rows.with_columns(pl.when(pl.col("seed") == 0).then(pl.lit(["a", "b"])).otherwise(pl.lit(["a"])).alias("panels"))
    tables = drawn("gain-misfit", both, bounds, by="panel").tables
    counts = [len(table) for name, table in tables.items() if name.startswith("cells")]
    assert counts == [6, 2]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(drawn("ledger", sized()[0]), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_kinds_differ_in_shape_and_dash_and_the_first_in_lightness() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert len(set(SHAPES)) == len(set(DASHES)) == len(set(COLOURS)) == 6
    assert abs(lightness(COLOURS[0]) - lightness(COLOURS[1])) > 0.3 < abs(lightness(COLOURS[0]) - lightness(COLOURS[2]))


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8))
def test_an_axis_holds_every_number_that_is_drawn_on_it(values: list[float]) -> None:
    scale = signed(values)
    low, high = scale.settings["domain"]
    assert low < high and all(low <= value <= high for value in values)
    positive = logarithmic(values)
    low, high = positive.settings["domain"]
    assert 0.0 <= low < high and all(low <= positive.inside(value) <= high for value in values)
