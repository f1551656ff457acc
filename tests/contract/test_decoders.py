"""What every registered decoder keeps to, whatever it decodes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from core.decode.decoder import DECODERS, Order, kind_of, make_decoder
from core.decode.problems import explain
from core.records import ImageView, Kind, Reason, Wanted
from tests.conftest import REPOSITORY

ORDER = Order(Wanted((ImageView(224, 224),), sound=True, clips=True), max_pixels=1_000_000)
NAMES = {
    Kind.IMAGE: "a.jpg b.JPEG c.jpe d.jfif e.mpo f.PNG g.webp h.gif i.bmp j.dib k.tif l.TIFF m.avif n.heic o.heif",
    Kind.AUDIO: "a.wav b.MP3 c.flac d.ogg e.oga f.opus g.m4a h.m4b i.aac j.wma k.aif l.aiff m.amr n.mka",
    Kind.VIDEO: "a.mp4 b.M4V c.mov d.mkv e.webm f.avi g.mpg h.mpeg i.mts j.3gp k.ogv l.wmv m.flv",
}


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoder_is_made_for_its_kind(kind: Kind) -> None:
    assert make_decoder(kind).kind is kind


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoder_is_asked_for_the_names_of_its_kind(kind: Kind) -> None:
    assert {kind_of(name.encode()) for name in NAMES[kind].split()} == {kind}


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("data", [b"", b"\0", b"hello", bytes(range(256)) * 20], ids=["none", "zero", "text", "bytes"])
def test_what_it_cannot_decode_has_a_reason(kind: Kind, data: bytes) -> None:
    for work in (
        lambda: make_decoder(kind).decode(io.BytesIO(data), ORDER),
        lambda: make_decoder(kind).preview(io.BytesIO(data), ORDER, 100),
    ):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - any: explain() knows
            work()

        assert explain(raised.value).reason in {Reason.NOT_MEDIA, Reason.DAMAGED, Reason.INCOMPLETE}


@pytest.mark.parametrize(
    "name", [b"a", b".jpg", b"jpg", b"a.jpg.txt", b"a.exe", b"a.svg", b"a.\xff", b"._a.jpg", b"", b"a.jpg "]
)
def test_other_names_are_nobodys(name: bytes) -> None:
    assert kind_of(name) is None


def test_names_need_not_be_text() -> None:
    assert kind_of(b"/photos/\xff\xfe\n.JPG") is Kind.IMAGE


def test_sorting_files_by_name_imports_nothing_heavy() -> None:
    """A scan does it, in the process with the window."""
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r});"
        "import core.decode.decoder, core.decode.pool, core.decode.thumbnail; print(*sys.modules)"
    )

    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert not {"PIL", "av", "numpy", "torch", "pillow_heif"} & set(run.stdout.split())


def test_a_decode_process_for_pictures_has_no_numpy_and_no_ffmpeg(tmp_path: Path) -> None:
    """They would take longer to start than most pictures to decode."""
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import core.decode.child;"
        "from core.decode.decoder import make_decoder; make_decoder('image'); print(*sys.modules)"
    )

    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert not {"av", "numpy", "torch"} & set(run.stdout.split())
    assert "PIL.Image" in run.stdout
