"""`plot` draws every figure that a plugin registers, takes its parameters as options, and says what it cannot draw."""

from __future__ import annotations

import re

import polars as pl
import pytest
from conftest import Command

KINDS = ("gain-misfit", "ledger", "tightness", "selection", "sample-size", "heatmap")
REAL = ("--task", "mlp[supervise=80,transfer=[40,80,160],test=150]", "--weak",
        "mlp-features[source=perturbed,noise=[0.3,0.6]]", "--strong", "mlp-features[source=perturbed,noise=0.1]",
        "--strategy", "least-squares", "--supervisor", "least-squares",
        "--seeds", "0..1")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = Command(tmp_path_factory.mktemp("plot"))
    command("run", *REAL, "-o", "r", check=0)
    pl.read_parquet(command.folder / "r" / "rows.parquet").write_parquet(command.folder / "alone.parquet")
    return command


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_from_a_real_run(real: Command, kind: str) -> None:
    done = real("plot", kind, "r", "-o", f"{kind}.svg", check=0)
    assert done.stdout.strip() == f"{kind}.svg" and done.stderr == ""
    drawing = (real.folder / f"{kind}.svg").read_text(encoding="utf-8")
    assert drawing.startswith("<svg") and len(re.findall(r"<path|<rect", drawing)) > 20
    assert "NaN" not in drawing and "undefined" not in drawing


def test_a_figure_is_written_in_four_forms_and_a_page_asks_for_nothing(real: Command) -> None:
    assert real("plot", "ledger", "r", check=0).stdout.strip() == "ledger.png"
    assert (real.folder / "ledger.png").read_bytes().startswith(b"\x89PNG")
    real("plot", "heatmap", "r", "--value", "gain_over_misfit", "--where", "n_transfer == 80", "-o", "h.html", check=0)
    page = re.sub(r"<script.*?</script>", "", (real.folder / "h.html").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "Gain over misfit" in page and not re.search(r"(?:src|href)=", page)


@pytest.mark.slow
def test_a_pdf_holds_the_words_of_the_figure_as_words_and_is_the_same_file_each_time(real: Command) -> None:
    files = [real.folder / f"{name}.pdf" for name in ("a", "b", "c")]
    for file in files:
        real("plot", "ledger", "r", "-o", file.name, check=0)
    assert files[0].read_bytes().startswith(b"%PDF-") and b"/ToUnicode" in files[0].read_bytes()
    assert len({file.read_bytes() for file in files}) == 1


@pytest.mark.slow
def test_title_and_caption_are_optional(real: Command) -> None:
    def words(*given: str) -> str:
        real("plot", "ledger", "r", "-o", "words.svg", *given, check=0)
        return (real.folder / "words.svg").read_text(encoding="utf-8")

    title, caption = "Where the gain comes from", "Bars: means over seeds"
    assert title in words() and caption in words()
    assert title not in words("--title", "") and caption in words("--title", "")
    assert title in words("--caption", "") and caption not in words("--caption", "")
    assert title not in words("--title", "", "--caption", "") and caption not in words("--title", "", "--caption", "")
    assert ">Ours<" in words("--title", "Ours") and title not in words("--title", "Ours")


@pytest.mark.slow
def test_another_column_or_a_parameter_may_stand_along_the_axis(real: Command) -> None:
    real("plot", "sample-size", "r", "--x", "weak.noise", "--where", "n_transfer == 80", "-o", "noise.svg", check=0)
    assert "noise of the weak model" in (real.folder / "noise.svg").read_text(encoding="utf-8")
    real("plot", "sample-size", "r", "--x", "task.transfer", "-o", "task.svg", check=0)
    real("plot", "sample-size[x=task.transfer]", "r", "-o", "again.svg", check=0)
    assert (real.folder / "again.svg").read_bytes() == (real.folder / "task.svg").read_bytes()


@pytest.mark.parametrize(("words", "texts"), [
    (("gain-misft", "r"), ("unknown figure 'gain-misft'", "did you mean gain-misfit?")),
    (("ledger",), ("no run is given",)),
    (("ledger", "nowhere"), ("nowhere: no such run",)),
    (("ledger", "r", "-o", "f.bmp"), ("f.bmp: cannot write a figure as .bmp", ".svg")),
    (("ledger", "r", "-o", "nowhere/f.svg"), ("no such folder",)),
    (("ledger", "r", "--x", "n_test"), ("--x goes with sample-size, not with ledger",)),
    (("ledger", "r", "--value", "pgr"), ("--value goes with heatmap",)),
    (("ledger", "r", "--by", "taks"), ("panels cannot be made by 'taks'", "task")),
    (("ledger", "r", "--where", "seed > 9"), ("meets the filter",)),
    (("heatmap", "r", "--value", "gian"), ("value='gian' is not one of", "gain")),
    (("strategies", "r"), ("one strategy only (least-squares)",)),
    (("strategies", "r", "--by", "task"), ("not with strategies",)),
    (("ledger", "r", "--against", "ridge"), ("--against goes with strategies",)),
    (("sample-size", "r", "--by", "task"), ("not with sample-size",)),
    (("sample-size", "r", "--x", "n_transfr"), ("no column 'n_transfr'", "n_transfer")),
    (("sample-size", "r", "--x", "strategy"), ("strategy is no number",)),
    (("sample-size", "r", "--x", "weak.width"), ("no weak label has a parameter 'width'", "noise")),
    (("tightness", "alone.parquet"), ("no bounds are known",)),
    (("selection", "r", "--where", 'weak == "mlp-features[source=perturbed,noise=0.3]"'), ("one candidate only",)),
])
def test_what_cannot_be_drawn_is_said(real: Command, words: tuple[str, ...], texts: tuple[str, ...]) -> None:
    done = real("plot", *words)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    for text in texts:
        assert text in done.stderr, done.stderr
