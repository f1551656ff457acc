"""A file names other files and addresses: none of them is opened, whatever the file is called."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.decode.pool import DecodePool
from core.errors import MediaError
from core.records import Reason, Wanted
from tests.core.decode.conftest import VIEW
from tests.core.decode.media import tone, write_sound

EXTENSIONS = ["mp4", "mp3", "mkv", "wav", "ogg", "mov"]
LISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{there}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n{there}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{there}'\nduration 3\n",
    "concat": "file '{there}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 {host}\ns=x\nc=IN IP4 {host}\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
    'mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>{there}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "smil": '<smil><body><audio src="{there}"/></body></smil>',
    "asx": '<asx version="3.0"><entry><ref href="{there}"/></entry></asx>',
    "pls": "[playlist]\nFile1={there}\nNumberOfEntries=1\n",
    "name": "{there}",
}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("kind", LISTS)
def test_no_list_of_media_is_followed(pool: DecodePool, listener: socket.socket, tmp_path: Path, kind: str) -> None:
    host, port = listener.getsockname()
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    there = write_sound(tmp_path / "there.wav", tone(3), "pcm_s16le")
    opened = threading.Event()
    done = threading.Event()

    def wait_for_reader() -> None:
        while not done.wait(0.001):
            try:
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody reads
                continue
            opened.set()

    watcher = threading.Thread(target=wait_for_reader)
    watcher.start()
    try:
        for target in (f"http://{host}:{port}/a.ts", pipe, pipe.name, f"file:{pipe}", there, there.name):
            text = LISTS[kind].format(there=target, host=host, port=port)
            for extension in EXTENSIONS:
                path = tmp_path / f"list.{extension}"
                path.write_text(text)

                error = pool.decode(os.fsencode(path), Wanted((VIEW,), sound=True)).exception(timeout=30)

                assert isinstance(error, MediaError)
                assert error.reason == Reason.NOT_MEDIA
    finally:
        done.set()
        watcher.join()
    assert not opened.is_set()
    with pytest.raises(BlockingIOError):  # nobody knocked
        listener.accept()


def test_a_name_is_no_pattern_and_no_protocol(pool: DecodePool, tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "a.wav", tone(1), "pcm_s16le").read_bytes()
    for name in ("concat:a.wav|b.wav", "img%02d.wav", "http:a.wav", "-i.wav", "[1-9]*.wav", "pipe:0.wav"):
        (tmp_path / name).write_bytes(sound)

        decoded = pool.decode(os.fsencode(tmp_path / name), Wanted(sound=True)).result(timeout=30)

        assert decoded.metadata.duration_ms == 1000
