"""Sounds: what is heard in them, where they are cut, what is shown for them."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from core.decode.decoder import OtherKind
from core.decode.problems import explain
from core.errors import MediaError
from core.records import SOUND_RATE_HZ, WINDOW_MS, Kind, Reason, Wanted
from tests.core.decode.media import (
    chain,
    hear,
    noise,
    pitch,
    plain,
    samples,
    talk,
    times,
    tone,
    windows,
    write_sound,
    write_video,
)

FORMATS = {
    "wav": "pcm_s16le",
    "aif": "pcm_s16be",
    "flac": "flac",
    "mp3": "libmp3lame",
    "m4a": "aac",
    "aac": "aac",
    "ogg": "libopus",
    "opus": "libopus",
    "oga": "flac",
    "wma": "wmav2",
    "mka": "libopus",
}
SEEKABLE = ["wav", "mp3", "m4a", "ogg", "flac", "wma"]
EXACT = ["wav", "mp3", "ogg", "flac"]
"""Of these the same samples come out. AAC decoders add noise by chance, WMA's times are rounded to milliseconds."""
WINDOW_S = WINDOW_MS / 1000


def sound(folder: Path, extension: str, wave: np.ndarray) -> Path:
    codec = FORMATS[extension]
    rate = 48000 if codec == "libopus" else 44100
    positions = np.arange(round(len(wave) * rate / 44100)) * 44100 / rate
    return write_sound(folder / f"a.{extension}", np.interp(positions, np.arange(len(wave)), wave), codec, rate=rate)


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_is_heard_at_16_khz(tmp_path: Path, extension: str) -> None:
    decoded = hear(sound(tmp_path, extension, tone(3)))

    (window,) = decoded.segments
    assert (window.start_ms, decoded.next_ms) == (0, None)
    assert window.end_ms == pytest.approx(3000, abs=120)  # codecs pad the end
    heard = samples(window)
    assert len(heard) == (window.end_ms or 0) * SOUND_RATE_HZ // 1000
    middle = heard[SOUND_RATE_HZ // 2 : 2 * SOUND_RATE_HZ]
    assert pitch(middle) == pytest.approx(440, abs=1)
    assert np.sqrt(np.square(middle).mean()) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)
    assert decoded.metadata.duration_ms == window.end_ms


def test_windows_are_cut_in_pauses(tmp_path: Path) -> None:
    pauses = np.arange(1.7, 3 * WINDOW_S, WINDOW_S / 7)
    path = write_sound(tmp_path / "a.wav", talk(3.2 * WINDOW_S, pauses), "pcm_s16le")

    found = windows(*chain(hear, path))

    starts, ends = zip(*times(found), strict=True)
    assert starts == (0, *ends[:-1])
    assert ends[-1] == round(3.2 * WINDOW_MS)
    assert all(1000 <= end - start <= WINDOW_MS for start, end in zip(starts, ends, strict=True))
    assert all(np.abs(pauses * 1000 - end).min() <= 200 for end in ends[:-1])


def test_the_rest_is_never_shorter_than_a_second(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", noise(WINDOW_S + 0.3), "pcm_s16le")

    first, last = windows(*chain(hear, path))

    assert (last.end_ms or 0) - (last.start_ms or 0) >= 1000
    assert first.end_ms == last.start_ms


def test_a_sound_shorter_than_a_second_is_one_window(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(0.35), "pcm_s16le")

    assert times(windows(hear(path))) == [(0, 350)]


def test_silence_is_left_out_and_quiet_noise_is_not(tmp_path: Path) -> None:
    silence = np.zeros(round(3 * WINDOW_S * 44100))
    wave = np.concatenate([tone(2), silence, noise(2, loud=0.001)])

    found = windows(*chain(hear, write_sound(tmp_path / "a.wav", wave, "pcm_s16le")))

    assert found[0].start_ms == 0
    assert found[-1].end_ms == round(3 * WINDOW_MS) + 4000
    heard_ms = sum((segment.end_ms or 0) - (segment.start_ms or 0) for segment in found)
    assert heard_ms <= 2 * WINDOW_MS + 4000


def test_nothing_but_silence_has_no_window_and_something_to_show(tmp_path: Path) -> None:
    decoded = hear(write_sound(tmp_path / "a.wav", np.zeros(44100 * 3), "pcm_s16le"))

    assert decoded.segments == []
    assert decoded.peaks == bytes(30)
    assert decoded.thumbnail.startswith(b"\xff\xd8")


@pytest.mark.parametrize("extension", SEEKABLE)
def test_a_stretch_is_the_same_wherever_reading_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    path = sound(tmp_path, extension, talk(4 * WINDOW_S, np.arange(1.3, 4 * WINDOW_S - 1, 2.9)))
    monkeypatch.setattr("core.decode.audio._STRETCH_MS", 10 * WINDOW_MS)
    at_once = hear(path)
    monkeypatch.setattr("core.decode.audio._STRETCH_MS", WINDOW_MS)

    pieces = chain(hear, path)

    assert len(pieces) >= 4
    assert times(windows(*pieces))[:-1] == times(windows(at_once))[:-1]
    (_, end), (_, other_end) = times([windows(*pieces)[-1], windows(at_once)[-1]])
    assert abs((end or 0) - (other_end or 0)) <= 1  # WMA's timestamps are rounded to milliseconds
    whole, joint = samples(*windows(at_once)), samples(*windows(*pieces))
    assert np.abs(loudness(whole) - loudness(joint)).max() < 0.02
    assert extension not in EXACT or np.array_equal(whole, joint)
    peaks = b"".join(piece.peaks for piece in pieces)
    assert len(peaks) == len(at_once.peaks)
    assert extension not in EXACT or peaks == at_once.peaks


def loudness(wave: np.ndarray) -> np.ndarray:
    """Of every hundredth of a second."""
    return np.sqrt(np.square(wave[: len(wave) // 160 * 160]).reshape(-1, 160).mean(axis=1))[:-2]


@pytest.mark.parametrize("extension", SEEKABLE)
def test_any_interval_can_be_asked_for(tmp_path: Path, extension: str) -> None:
    wave = np.concatenate([tone(20, 300), tone(1.5, 1000), tone(20, 300)])
    path = sound(tmp_path, extension, wave)

    decoded = hear(path, 20_100, 21_400)

    (window,) = decoded.segments
    assert (window.start_ms, window.end_ms, decoded.next_ms, decoded.thumbnail) == (20_100, 21_400, None, b"")
    assert pitch(samples(window)) == pytest.approx(1000, abs=2)
    edges = hear(path, 19_900, 20_100).segments[0]  # WMA tells nobody that it begins 46 ms late
    assert pitch(samples(edges)[:640]) == pytest.approx(300, abs=30)
    assert pitch(samples(edges)[-640:]) == pytest.approx(1000, abs=30)


def test_after_the_end_there_is_nothing(tmp_path: Path) -> None:
    decoded = hear(write_sound(tmp_path / "a.wav", tone(2), "pcm_s16le"), 5000)

    assert (decoded.segments, decoded.next_ms, decoded.peaks) == ([], None, b"")


def test_peaks_are_how_loud_it_is_every_tenth_of_a_second(tmp_path: Path) -> None:
    wave = np.concatenate([tone(1, loud=0.5), np.zeros(44100), tone(0.95, loud=1.0)])

    peaks = hear(write_sound(tmp_path / "a.wav", wave, "pcm_s16le")).peaks

    assert len(peaks) == 30
    assert all(abs(peak - 127) <= 2 for peak in peaks[1:9])
    assert set(peaks[11:19]) == {0}
    assert all(peak >= 252 for peak in peaks[21:29])


def cover_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (90, 60), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(("extension", "codec"), [("mp3", "libmp3lame"), ("m4a", "aac"), ("flac", "flac")])
def test_a_cover_is_shown(tmp_path: Path, extension: str, codec: str) -> None:
    path = write_sound(tmp_path / f"a.{extension}", tone(1), codec, cover=cover_jpeg())

    decoded = hear(path)

    assert (decoded.metadata.width, decoded.metadata.height) == (90, 60)
    with Image.open(io.BytesIO(decoded.thumbnail)) as thumbnail:
        assert thumbnail.size == (90, 60)
    assert abs((decoded.colour >> 16) - 200) < 6
    assert len(windows(decoded)) == 1


def test_without_cover_its_waveform_is_shown(tmp_path: Path) -> None:
    decoded = hear(write_sound(tmp_path / "a.wav", np.concatenate([tone(1, loud=0.9), np.zeros(44100)]), "pcm_s16le"))

    assert (decoded.metadata.width, decoded.metadata.height) == (0, 0)
    with Image.open(io.BytesIO(decoded.thumbnail)) as thumbnail:
        assert thumbnail.size == (384, 256)
        pixels = np.asarray(thumbnail.convert("L")).astype(int)
    assert np.ptp(pixels[60, :180]) > 50  # loud on the left
    assert np.ptp(pixels[60, 204:]) < 20


def test_a_cover_that_is_broken_costs_the_cover_alone(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", tone(1), "libmp3lame", cover=cover_jpeg()[:200])

    decoded = hear(path)

    assert (len(windows(decoded)), decoded.metadata.width) == (1, 0)
    assert decoded.thumbnail


@pytest.mark.parametrize(
    ("extension", "codec"), [("mp3", "libmp3lame"), ("m4a", "aac"), ("flac", "flac"), ("ogg", "libopus")]
)
def test_tags_give_title_and_date(tmp_path: Path, extension: str, codec: str) -> None:
    tags = {"title": "Wind\u202e \x07& Rain", "artist": "Ängström", "date": "2019-05-06"}
    rate = 48000 if codec == "libopus" else 44100

    said = hear(write_sound(tmp_path / f"a.{extension}", tone(1), codec, tags=tags, rate=rate)).metadata

    assert said.title == "Ängström – Wind & Rain"
    assert said.taken_at == "2019-05-06T00:00:00"
    assert said.format


def test_the_year_of_a_record_is_no_date(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", tone(1), "libmp3lame", tags={"date": "1997", "title": "Roads"})

    assert (hear(path).metadata.taken_at, hear(path).metadata.title) == ("", "Roads")


def test_a_film_under_a_sounds_name_is_a_film(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [plain((9, 90, 200))] * 25, sound=tone(1))

    with pytest.raises(OtherKind) as raised:
        hear(path)

    assert raised.value.kind is Kind.VIDEO


def test_only_what_is_wanted_is_answered(tmp_path: Path) -> None:
    decoded = hear(write_sound(tmp_path / "a.wav", tone(1), "pcm_s16le"), wanted=Wanted())

    assert decoded.segments == ()
    assert (len(decoded.peaks), bool(decoded.thumbnail)) == (10, True)


@pytest.mark.parametrize("extension", ["wav", "mp3", "flac", "ogg", "aac", "mka"])
def test_of_a_sound_that_was_cut_off_the_rest_is_kept(tmp_path: Path, extension: str) -> None:
    path = sound(tmp_path, extension, noise(8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    (window,) = hear(path).segments

    assert window.end_ms == pytest.approx(4000, abs=900)


@pytest.mark.parametrize("extension", FORMATS)
def test_of_a_sound_with_damage_the_rest_is_kept(tmp_path: Path, extension: str) -> None:
    path = sound(tmp_path, extension, talk(8, ()))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    path.write_bytes(data)

    found = windows(hear(path))

    assert sum((window.end_ms or 0) - (window.start_ms or 0) for window in found) > 4000


def reason(path: Path) -> Reason | None:
    try:
        hear(path)
    except Exception as error:  # noqa: BLE001 - any: explain() knows
        return explain(error).reason
    return None


@pytest.mark.parametrize("extension", ["wav", "m4a", "flac", "wma"])
def test_a_sound_that_ends_before_it_begins_has_a_reason(tmp_path: Path, extension: str) -> None:
    path = sound(tmp_path, extension, tone(3))
    for size in (8, 30, 60):
        path.write_bytes(path.read_bytes()[:size])

        assert reason(path) in {Reason.INCOMPLETE, Reason.DAMAGED, Reason.NOT_MEDIA}


def wav(rate: int, channels: int, bits: int, data: bytes, said: int | None = None) -> bytes:
    block = channels * bits // 8
    form = b"".join(
        number.to_bytes(size, "little")
        for number, size in ((1, 2), (channels, 2), (rate, 4), (rate * block & 0xFFFFFFFF, 4), (block, 2), (bits, 2))
    )
    length = len(data) if said is None else said
    return (
        b"RIFF"
        + (36 + length).to_bytes(4, "little")
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + length.to_bytes(4, "little")
        + data
    )


@pytest.mark.parametrize(
    "data",
    [
        wav(0, 1, 16, bytes(1000)),
        wav(1, 1, 16, bytes(1000)),
        wav(4_000_000_000, 2, 16, bytes(1000)),
        wav(44100, 0, 16, bytes(1000)),
        wav(44100, 2, 16, b""),
        wav(44100, 2, 16, b"", said=0),
    ],
    ids=["no rate", "one a second", "too many a second", "no channel", "no data", "none said"],
)
def test_what_cannot_be_a_sound_has_a_reason(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)

    assert reason(tmp_path / "a.wav") in {Reason.DAMAGED, Reason.UNSUPPORTED, Reason.NOT_MEDIA, Reason.INCOMPLETE}


def test_a_length_that_is_a_lie_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(8000, 1, 16, np.full(8000, 9000, "<i2").tobytes(), said=0xFFFFFF00))

    decoded = hear(tmp_path / "a.wav")

    assert (decoded.next_ms, times(windows(decoded))) == (None, [(0, 1000)])
    assert decoded.metadata.duration_ms == 1000


def test_pictures_and_text_are_no_sound(tmp_path: Path) -> None:
    for data in (cover_jpeg(), b"Dear diary, I heard nothing today.", b"GIF89a" * 400):
        (tmp_path / "a.mp3").write_bytes(data)

        with pytest.raises(MediaError) as raised:
            hear(tmp_path / "a.mp3")

        assert raised.value.reason == Reason.NOT_MEDIA


def test_speech_is_found_where_it_is_said(shared: Path) -> None:
    """Real readings: windows tile them, end in pauses, and hold the sound that PyAV alone gives."""
    for path in sorted((shared / "data" / "speech_read" / "dev").iterdir())[::6]:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler("s16", "mono", SOUND_RATE_HZ)
            frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
            plain_ = np.concatenate([part.to_ndarray()[0] for part in [*frames, *resampler.resample(None)]]) / 32768

        heard = samples(*windows(*chain(hear, path)))

        assert abs(len(heard) - len(plain_)) < SOUND_RATE_HZ / 20
        length = min(len(heard), len(plain_))
        assert np.corrcoef(heard[:length], plain_[:length])[0, 1] > 0.999
