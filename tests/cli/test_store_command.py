"""`w2s-bench store`: what is held and who needs it, what may go, and what is carried from one store to another."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import Command, untimed_rows
from polars.testing import assert_frame_equal
from stored import abouts, damage

from w2s_bench.store.artifacts import Artifact, Store
from w2s_bench.store.checkpoints import StoredBlocks
from w2s_bench.store.inventory import inventory
from w2s_bench.store.writers import own_name

WORDS = ("run", "--task", "diabetes", "--models", "raw", "--models", "random-features[width=8]", "--store", "s", "--executor",
         "here", "--quiet")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, a run under w2s-runs/ of seed 0, and one elsewhere of seed 1."""
    w2s = Command(tmp_path_factory.mktemp("ran"))
    w2s(*WORDS, "--seeds", "0", "-o", "w2s-runs/kept", check=0)
    w2s(*WORDS, "--seeds", "1", "-o", "elsewhere", check=0)
    (w2s.folder / "w2s-runs").rename(w2s.folder / "moved-away")  # what the store knows of it is history
    return w2s.folder


@pytest.fixture
def w2s(ran: Path, tmp_path: Path) -> Command:
    """The same, to be changed; the run elsewhere is where it was."""
    shutil.copytree(ran / "s", tmp_path / "s")
    shutil.copytree(ran / "moved-away", tmp_path / "w2s-runs")
    return Command(tmp_path)


def told(w2s: Command, *words: str, code: int = 0) -> Any:
    return json.loads(w2s("store", *words, "--store", "s", "--json", check=code).stdout)


def test_ls_and_size_say_what_is_held_by_stage_and_who_uses_it(w2s: Command, ran: Path) -> None:
    known = abouts(w2s.folder / "s")
    lines = told(w2s, "ls")
    assert sum(line["artifacts"] for line in lines) == len(known)
    assert {run for line in lines for run in line["runs"]} == {"kept", "elsewhere"}
    embeds = [line for line in lines if line["stage"] == "embed" and line["what"] == "raw"]
    assert [line["runs"] for line in embeds] == [["kept", "elsewhere"]]
    sizes = told(w2s, "size")
    assert sum(stage["artifacts"] for stage in sizes["stages"].values()) == len(known)
    whole = sum(path.stat().st_size for path in (w2s.folder / "s").rglob("*") if path.is_file())
    assert whole * 0.85 < sum(stage["bytes"] for stage in sizes["stages"].values()) < whole
    key = next(key for key, about in known.items() if about["recipe"]["stage"] == "score")
    (one,) = told(w2s, "ls", key[:16])
    assert one["key"] == key and len(one["rests_on"]) >= 5 and set(one["rests_on"]) <= set(known) and len(one["runs"]) == 1
    assert "ridge" in w2s("store", "ls", "--store", "s", check=0).stdout
    assert "holds no artifact" in w2s("store", "ls", "--store", "nowhere", check=0).stdout


def test_verify_names_what_is_damaged_and_drops_nothing(w2s: Command) -> None:
    assert told(w2s, "verify") == {"artifacts": len(abouts(w2s.folder / "s")), "damaged": {}}
    key = next(key for key, about in abouts(w2s.folder / "s").items() if about["recipe"]["stage"] == "score")
    damage(w2s.folder / "s", key)
    for _ in range(2):
        found = told(w2s, "verify", code=3)
        assert list(found["damaged"]) == [key] and key[:12] in found["damaged"][key]


def test_truth_that_is_damaged_is_loaded_again_where_it_is_read(w2s: Command) -> None:
    known = abouts(w2s.folder / "s")
    for key in (key for key, about in known.items() if "truth_of" in about):
        damage(w2s.folder / "s", key)
    kept = w2s(*WORDS[:-1], "--seeds", "0", "-o", "w2s-runs/kept", check=0)
    assert "is damaged" not in kept.stderr and "0 jobs computed" in kept.stdout
    more = w2s(*WORDS[:-1], "--strategy", "least-squares", "--seeds", "0", "-o", "more", check=0)
    assert more.stderr.count("is damaged (") == 1 and "it is recomputed" in more.stderr
    assert set(pl.read_parquet(w2s.folder / "more" / "rows.parquet")["status"]) == {"ok"}
    assert told(w2s, "verify", code=3)["artifacts"] == len(Store(str(w2s.folder / "s")).keys())  # that of seed 1 is damaged still


def test_gc_changes_nothing_unless_it_is_told_to_and_leaves_what_is_young_or_needed(w2s: Command) -> None:
    before = {path: path.read_bytes() for path in (w2s.folder / "s").rglob("*") if path.is_file()}
    assert told(w2s, "gc", "--days", "0")["artifacts"] == told(w2s, "gc", "--without", "kept")["artifacts"] == []
    dry = told(w2s, "gc", "--days", "0", "--without", "kept")
    assert not dry["done"] and dry["artifacts"] and dry["bytes"] > 0
    assert {path: path.read_bytes() for path in (w2s.folder / "s").rglob("*") if path.is_file()} == before


def test_gc_takes_what_no_kept_run_needs_and_the_others_compute_nothing_anew(w2s: Command) -> None:
    store, rows = w2s.folder / "s", untimed_rows(w2s.folder / "w2s-runs" / "kept")
    ages = {key: held.saved for key, held in inventory(Store(str(store))).items()}
    held, size = set(ages), sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    (elsewhere,) = (run for run in told(w2s, "gc")["kept_runs"] if run.endswith("elsewhere"))
    done = told(w2s, "gc", "--days", "0", "--without", elsewhere, "--yes")
    left = inventory(Store(str(store)))
    assert done["done"] and done["artifacts"] and left.keys() == held - set(done["artifacts"])
    assert all(each.saved == ages[key] for key, each in left.items())
    assert sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) < 0.8 * size
    shutil.rmtree(w2s.folder / "w2s-runs" / "kept")
    again = w2s(*WORDS[:-1], "--seeds", "0", "-o", "w2s-runs/kept", check=0)
    assert "0 jobs computed" in again.stdout
    assert_frame_equal(rows, untimed_rows(w2s.folder / "w2s-runs" / "kept"), check_exact=True)


def test_gc_keeps_what_is_finished_of_a_run_that_is_not(w2s: Command) -> None:
    store = Store(str(w2s.folder / "s"))
    (cell,) = pl.read_parquet(w2s.folder / "w2s-runs" / "kept" / "plan.parquet")["cell_key"].to_list()[:1]
    store.drop(cell)
    held = store.keys()
    done = told(w2s, "gc", "--days", "0", "--yes")
    assert done["done"] and done["artifacts"] == [] and Store(store.url).keys() == held
    (w2s.folder / "w2s-runs" / "kept" / "spec.toml").write_text("name = 3")
    refused = w2s("store", "gc", "--store", "s", "--days", "0", "--yes")
    assert refused.returncode == 3 and "cannot be told" in refused.stderr and Store(store.url).keys() == held


@pytest.mark.slow
def test_gc_keeps_what_embeddings_of_a_run_that_is_not_finished_have_kept_of_themselves(tmp_path: Path) -> None:
    w2s = Command(tmp_path)
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(f"{'very ' * (row % 7)}good text {row},{row % 3}\n"
                                                                for row in range(60)))
    w2s("run", "--task", "text[path=texts.csv]", "--weak", "nano[width=16,layers=1,steps=0,context=16,corpus=python]",
        "--strong", "nano[width=16,layers=1,steps=0,context=32,corpus=python]", "--store", "s", "-o", "paused", "--executor",
        "here", check=0)
    store = Store(str(tmp_path / "s"))
    embeds = {key for key, about in abouts(tmp_path / "s").items() if about["recipe"]["stage"] == "embed"}
    of_contents = {name for name in store.notes("latest") if store.latest(name) in embeds}
    assert len(embeds) == len(of_contents) == 2 and not embeds & of_contents
    for cell in pl.read_parquet(tmp_path / "paused" / "plan.parquet")["cell_key"].to_list():
        store.drop(cell)
    others = {"ab" * 32}
    for key in embeds | of_contents | others:
        StoredBlocks(store, key).save("pool-0-of-2", {"values": np.zeros((2, 2))})
    days = time.time() - 3 * 86400
    for folder in (tmp_path / "s" / "checkpoints").iterdir():
        os.utime(folder, (days, days))
    done = told(w2s, "gc", "--days", "2", "--yes")
    assert done["done"] and done["leftovers"] == [f"checkpoints/{'ab' * 32}"]
    assert {path.name for path in (tmp_path / "s" / "checkpoints").iterdir()} == embeds | of_contents


def test_gc_does_not_guess_about_runs_that_it_cannot_see(w2s: Command) -> None:
    from w2s_bench.contracts.digests import digest

    Store(str(w2s.folder / "s")).write_note("runs", digest("there"), b'["another-machine","/data/run"]')
    refused = w2s("store", "gc", "--store", "s", "--days", "0", "--without", "kept", "--yes")
    assert refused.returncode == 3 and "another-machine:/data/run" in refused.stderr and "--elsewhere" in refused.stderr
    assert told(w2s, "gc", "--days", "0", "--without", "kept", "--yes", "--elsewhere")["artifacts"]


def test_gc_takes_what_killed_processes_left(w2s: Command) -> None:
    store = w2s.folder / "s"
    name = subprocess.run([sys.executable, "-c", "from w2s_bench.store.writers import own_name; print(own_name())"],
                          capture_output=True, text=True, check=True).stdout.strip()
    (store / "tmp").mkdir(exist_ok=True)
    (store / "checkpoints").mkdir()
    (store / "latest").mkdir()
    (store / "latest" / ("ab" * 32)).write_text("cd" * 32)
    for left in (f"tmp/{name}", f"tmp/{own_name()}", "tmp/old", f"checkpoints/{'ab' * 32}", f"checkpoints/{'cd' * 32}"):
        (store / left).write_bytes(b"left")
    hour, days = time.time() - 3600, time.time() - 3 * 86400
    for left, when in ((f"tmp/{name}", hour), ("tmp/old", days), (f"checkpoints/{'ab' * 32}", days)):
        os.utime(store / left, (when, when))
    found = told(w2s, "gc", "--yes")
    assert set(found["leftovers"]) == {f"tmp/{name}", "tmp/old", f"checkpoints/{'ab' * 32}", "latest"}
    assert not any((store / left).exists() for left in found["leftovers"])
    assert (store / f"checkpoints/{'cd' * 32}").exists() and len(list((store / "tmp").iterdir())) == 1


def test_gc_closes_the_holes_that_drops_leave(w2s: Command) -> None:
    store = Store(str(w2s.folder / "s"))
    fits = [key for key, about in abouts(w2s.folder / "s").items() if about["recipe"]["stage"] == "predict"]
    for key in fits:
        store.drop(key)
    size = sum(store.packs.sizes().values())
    gone = subprocess.run([sys.executable, "-c", "import sys; from w2s_bench.store.artifacts import Store\n"
                           "store = Store(sys.argv[1])\nstore.rewrite([name for name in store.packs.sizes()], [])", store.url])
    assert gone.returncode == 0
    after = Store(store.url)
    assert sum(after.packs.sizes().values()) < 0.9 * size and not after.keys() & set(fits) and after.keys() == store.keys()
    assert after.notes("runs") == store.notes("runs") and after.notes("latest") and dict(after.weights())


@pytest.mark.parametrize("form", ["carried", "carried.tar"])
def test_a_run_that_was_carried_to_another_store_computes_nothing_there(w2s: Command, form: str) -> None:
    count = told(w2s, "export", "kept", form)["artifacts"]
    assert count > 10 and w2s("store", "export", "kept", form, "--store", "s").returncode == 2
    for _ in range(2):
        found = json.loads(w2s("store", "import", form, "--store", "s2", "--json", check=0).stdout)
        assert found["refused"] == [] and found["artifacts"] in (count, 0)
    known = abouts(w2s.folder / "s2")
    truths = {about["truth"] for about in known.values() if "truth" in about}
    assert truths and truths <= known.keys()
    done = w2s(*WORDS[:-1], "--seeds", "0", "-o", "there", "--store", "s2", check=0)
    assert "0 jobs computed" in done.stdout
    assert_frame_equal(untimed_rows(w2s.folder / "w2s-runs" / "kept"), untimed_rows(w2s.folder / "there"), check_exact=True)


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize("member", [
    _member("../evil"), _member("/tmp/evil"), _member("packs/../../evil.pack"), _member(f"ab/{'ab' * 32}/../../../evil"),
    _member("packs/a.pack", tarfile.SYMTYPE, "/etc/passwd"), _member("packs/a.pack", tarfile.LNKTYPE, "/etc/passwd"),
    _member("packs/a.pack", tarfile.FIFOTYPE), _member("notes.txt")], ids=lambda member: f"{member.name} {member.type!r}")
def test_a_tar_file_that_holds_what_no_store_does_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    _tar(tmp_path / "t.tar", (member, b"" if member.type != tarfile.REGTYPE else b"evil"))
    done = Command(tmp_path)("store", "import", "t.tar", "--store", "s")
    assert done.returncode == 2 and "no file of a store" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "s").exists() and not (tmp_path / "evil").exists() and not (tmp_path.parent / "evil").exists()


def test_what_is_not_what_it_says_is_refused_artifact_by_artifact(w2s: Command) -> None:
    told(w2s, "export", "kept", "carried")
    carried = Store(str(w2s.folder / "carried"))
    known = abouts(w2s.folder / "carried")
    sound = sorted(carried.keys())
    scores = [key for key in sound if known[key]["recipe"]["stage"] == "score"]
    damage(w2s.folder / "carried", scores[0])
    carried.save("ab" * 32, carried.load(scores[1]), about=known[scores[1]])
    truth = next(key for key in sound if "truth_of" in known[key])
    carried.save("12" * 32, carried.load(truth), about=known[truth])
    carried.save("cd" * 32, Artifact({"a": np.ones(3)}, {}), about={"seconds": 1.0})
    carried.save("ef" * 32, Artifact({}, {}), about={"recipe": {"stage": "fit", "deep": "x"}, "foundation": 3})
    done = json.loads(w2s("store", "import", "carried", "--store", "s2", "--json", check=3).stdout)
    assert done["artifacts"] == len(sound) - 1 and len(done["refused"]) == 5
    assert Store(str(w2s.folder / "s2")).keys() == set(sound) - {scores[0]}
    assert carried.keys() >= {scores[0]}  # what was given is as it was


@pytest.mark.parametrize("content", [b"", b"no tar", b"\x1f\x8b\x08\x00", os.urandom(2000)])
def test_what_is_no_tar_file_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.tar").write_bytes(content)
    done = Command(tmp_path)("store", "import", "t.tar", "--store", "s")
    assert done.returncode == 2 and "no tar file" in done.stderr and "Traceback" not in done.stderr
