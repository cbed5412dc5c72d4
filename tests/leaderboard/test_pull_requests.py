"""A submission that comes by pull request: its data is taken out of git, and the base's code looks at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command
from made_submissions import edited, submitted

HERE = Path(__file__).resolve().parents[2]
SENT = Path("leaderboard/submissions")
CELL = ("--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--supervisor", "ridge")


def git(repository: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=repository, capture_output=True,
                   check=True)


def commit(repository: Path) -> None:
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-q", "-m", "x")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of the base, with one submission that stands; `sent` is another branch of it."""
    there = tmp_path / "repository"
    (there / SENT / "stands").mkdir(parents=True)
    (there / SENT / "stands" / "README.md").write_text("mine")
    git(there.parent, "init", "-q", "-b", "main", str(there))
    commit(there)
    git(there, "branch", "sent")
    return there


def sent(repository: Path, change: Callable[[Path], object]) -> subprocess.CompletedProcess[str]:
    """What is said of a branch with this change, in a checkout of the base."""
    git(repository, "switch", "-q", "sent")
    change(repository)
    commit(repository)
    git(repository, "switch", "-q", "main")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run([sys.executable, HERE / ".ci" / "submission", "main", "sent"], cwd=repository, capture_output=True,
                          text=True, env={**os.environ, "PATH": path, "HOME": str(repository.parent)})


def put(path: str, mode: int = 0o644) -> Callable[[Path], object]:
    def do(repository: Path) -> None:
        file = repository / SENT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("new")
        file.chmod(mode)

    return do


def link(repository: Path) -> None:
    (repository / SENT / "mine").mkdir()
    (repository / SENT / "mine" / "rows.parquet").symlink_to("/etc/passwd")


@pytest.mark.parametrize(("change", "said"), [
    (put("stands/README.md"), "stands/README.md stands on the board, and is never changed or removed"),
    (lambda repository: shutil.rmtree(repository / SENT / "stands"), "stands/README.md stands on the board"),
    (put("stands/more.md"), "stands/more.md is added to a submission that stands"),
    (put("mine/run.sh", 0o755), "mine/run.sh is a link, a submodule or executable"),
    (link, "mine/rows.parquet is a link, a submodule or executable"),
    (put("Mine/README.md"), "Mine/README.md is no file of a submission"),
    (put("mine/.gitattributes"), "mine/.gitattributes is no file of a submission"),
    (put("mine/predictions/deep/a.parquet"), "mine/predictions/deep/a.parquet is no file of a submission"),
    (put("mine/\x1b[2J.md"), "mine/\\x1b[2J.md is no file of a submission"),
])
def test_what_is_no_new_submission_is_refused_before_anything_is_read(
        repository: Path, change: Callable[[Path], object], said: str) -> None:
    done = sent(repository, change)
    assert (done.returncode, done.stderr) == (2, "") and done.stdout.startswith(f"refused: {said}")


def test_a_change_elsewhere_is_nobody_s_submission(repository: Path) -> None:
    done = sent(repository, lambda folder: (folder / "code.py").write_text("x"))
    assert (done.returncode, done.stdout) == (0, "no submission is added\n") and not (repository / "code.py").exists()


@pytest.mark.slow
def test_what_is_sent_is_checked_by_the_same_command_and_put_nowhere(repository: Path, tmp_path: Path) -> None:
    Command(tmp_path)("run", *CELL, "--strategy", "ridge", "--seeds", "0..1", "-o", "run", check=0)
    done = sent(repository, lambda folder: submitted(tmp_path / "run", folder / SENT / "mine"))
    assert done.returncode == 0 and "mine:\ntaken: 2 rescored" in done.stdout
    assert not (repository / SENT / "mine").exists() and not (repository / "leaderboard" / "index.toml").exists()
    done = sent(repository, lambda folder: edited(submitted(tmp_path / "run", folder / SENT / "wrong", name="wrong"),
                                                  "rows.parquet", lambda rows: rows.with_columns(rows["gain"] * 1.000003)))
    assert done.returncode == 2 and "refused: diabetes" in done.stdout and "gain is" in done.stdout


def test_the_workflows_give_no_right_but_to_read_and_check_out_the_base_alone() -> None:
    workflows = {path.name: path.read_text(encoding="utf-8") for path in (HERE / ".github" / "workflows").glob("*.yml")}
    assert set(workflows) == {"ci.yml", "docs.yml", "plugins.yml", "submission.yml"}
    docs = workflows.pop("docs.yml")  # it writes a branch of its own, and runs for what is on main alone
    assert "pull_request" not in docs and "permissions:\n  contents: write" in docs and "${{ secrets" not in docs
    for text in workflows.values():
        assert "permissions:\n  contents: read\n" in text and text.count("permissions:") == 1
        assert "pull_request_target" not in text and "${{ secrets" not in text and "persist-credentials: false" in text
    text = workflows["submission.yml"]
    assert text.count("actions/checkout@") == 1 and "ref: ${{ github.event.pull_request.base.sha }}" in text
    assert "head." not in text and "git checkout" not in text and ".ci/submission HEAD refs/sent" in text
    assert "run: .ci/run" in workflows["ci.yml"]
