"""Fixtures: the real command in a folder and a store of its own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from made_submissions import sealed

from w2s_bench.cli.main import main
from w2s_bench.registry.measures import row_columns
from w2s_bench.registry.one_file import as_it_was
from w2s_bench.testing.apart import Apart

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")  # a loaded machine is no fault of the code
os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports the hub's client, which reads it once

EXTERNAL_PLUGIN = Path(__file__).resolve().parent / "external_plugin"
SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process a core, each with whole files; none beside this one where a single file is asked for."""
    asked = [Path(word.partition("::")[0]) for word in config.args]
    return 0 if len(asked) == 1 and asked[0].is_file() else os.cpu_count() or 1


@dataclass(frozen=True)
class Command:
    """Runs `w2s-bench` as a user would, with an empty home and no hub: the entry point in this process, or `apart`. `run` makes a
    page where a test wants to see it."""

    folder: Path
    apart: bool = False

    @property
    def environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"),
                "XDG_CONFIG_HOME": str(home / "config"), "HF_HUB_OFFLINE": "1", "COLUMNS": "120"}

    def __call__(self, *words: str, check: int | None = None, page: bool = False) -> subprocess.CompletedProcess[str]:
        if words[:1] == ("run",) and not page:
            words = (*words, "--no-page")
        done = self._in_a_process(words) if self.apart else self._in_this_process(words)
        if check is not None:
            assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.words(*words), cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def _in_a_process(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(*words), cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=300)

    def _in_this_process(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        out, err, ended = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
        with (mock.patch.dict(os.environ, self.environment), contextlib.chdir(self.folder), contextlib.redirect_stdout(out),
              contextlib.redirect_stderr(err), as_it_was(), pytest.raises(SystemExit) as exit_):
            main(list(words))
        signal.signal(signal.SIGTERM, ended)
        return subprocess.CompletedProcess(words, int(exit_.value.code or 0), out.getvalue(), err.getvalue())

    @staticmethod
    def words(*words: str) -> list[str]:
        return [sys.executable, "-c", "from w2s_bench.cli.main import main; main()", *words]


def untimed_rows(folder: Path) -> pl.DataFrame:
    """The rows of a run without what may differ between two runs of one spec."""
    return pl.read_parquet(folder / "rows.parquet").select([column.name for column in row_columns() if not column.timing])


@pytest.fixture
def w2s(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    return Command(tmp_path)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has put the distribution of tests/external_plugin."""
    target = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), str(EXTERNAL_PLUGIN)],
                   check=True, capture_output=True)
    return target


@pytest.fixture
def outside(w2s: Command, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with that distribution installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH", "")])))
    return Command(w2s.folder, apart=True)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Components of a test's own module are made without being looked at in a process that would import it, too."""
    monkeypatch.setenv("W2S_BENCH_ISOLATE", "never")


@pytest.fixture
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder is not beside the project")
    return SHARED_DATA


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command's entry point in an empty folder, in this process; gives what it printed, errors after a failure."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "180")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))

    def run(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capsys.readouterr()
        assert ended.value.code == code, f"exit {ended.value.code}\n{out}\n{err}"
        assert "Traceback" not in err
        return out if code == 0 else err

    return run


@pytest.fixture(scope="session")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of diabetes, with all predictions."""
    folder = tmp_path_factory.mktemp("board")
    Command(folder)("run", "--task", "diabetes", "--weak", "random-features[width=8]", "--strong", "raw", "--strategy", "ridge",
                    "--seeds", "0..1", "--keep", "all", "-o", "run", "--executor", "here", check=0)
    return folder / "run"


@pytest.fixture
def sent(kept_run: Path, tmp_path: Path) -> Path:
    """A submission of that run, which a test may spoil."""
    folder = tmp_path / "sent"
    (folder / "predictions").mkdir(parents=True)
    for path in ("rows.parquet", "bounds.parquet", "spec.toml", *(
            path.relative_to(kept_run).as_posix() for path in (kept_run / "predictions").glob("*.parquet"))):
        shutil.copy(kept_run / path, folder / path)
    (folder / "README.md").write_text("# Ridge on raw numbers\n", encoding="utf-8")
    (folder / "env.json").write_text('{"versions": {"numpy": "2.4.6", "w2s-bench": "0.1.0"}}', encoding="utf-8")
    return sealed(folder)


@pytest.fixture
def decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of submissions are decoded in this process by the same code: a process of their own takes most of a second."""
    from w2s_bench.leaderboard.decoding import read_all

    monkeypatch.setattr("w2s_bench.leaderboard.opening._decode", read_all)


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The other process that checks of the conformance kit ask in, one for all twins."""
    with Apart(tmp_path_factory.mktemp("apart")) as process:
        yield process


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium without a window, which keeps what it logs."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"):
        options.add_argument(word)
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()
