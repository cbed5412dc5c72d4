"""Standard output and error where the terminal, or who reads them, takes no Unicode: what is printed becomes ASCII."""

from __future__ import annotations

import codecs
import io
import sys


def print_as_they_can() -> None:
    """Let standard output and standard error print ASCII where they are in no encoding of Unicode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not codecs.lookup(stream.encoding).name.startswith("utf"):
            from w2s_bench.report.plain_text import ENCODING

            codecs.register(_codec)
            stream.reconfigure(encoding=ENCODING)


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        return _encoded(text)[0]


def _encoded(text: str, errors: str = "strict") -> tuple[bytes, int]:
    from w2s_bench.report.plain_text import plain

    return plain(text).encode("ascii"), len(text)


def _codec(name: str) -> codecs.CodecInfo | None:
    """ASCII under another name: click writes UTF-8 to whatever says that it is ASCII."""
    from w2s_bench.report.plain_text import ENCODING

    if name.replace("_", "-") != ENCODING:
        return None
    return codecs.CodecInfo(_encoded, codecs.lookup("ascii").decode, incrementalencoder=_Encoder, name=ENCODING)
