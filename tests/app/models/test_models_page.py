"""The models page on a real engine, with a hub on this computer to download from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.models.account import Offer
from app.models.model_row import ModelRow
from app.models.models_view import ModelsView
from app.settings.settings_view import SettingsView
from app.window import Window
from core import Engine, Settings, open_engine
from tests import tiny_models
from tests.app.conftest import WAIT_S
from tests.app.hands import wait_for
from tests.hub import Hub

CLIP = "openai/clip-vit-base-patch32"
OTHER = "somebody/clip-of-their-own"
WEIGHTS = "model.safetensors"

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, of dialogs


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repositories")
    tiny_models.clip(folder / CLIP)
    tiny_models.clip(folder / OTHER, seed=1)
    return folder


@pytest.fixture(autouse=True)
def hub(repositories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("LIKEWISE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache-of-others"))
    with Hub(repositories) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def window(open_window: Callable[[Engine], Window], fresh: Engine) -> Window:
    """A window on a library of its own."""
    return open_window(fresh)


@pytest.fixture
def page(qtbot: QtBot, window: Window) -> ModelsView:
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    wait_for(qtbot, lambda: {"starter", "clip", "minilm"} <= dialog.models.rows.keys())
    return dialog.models


@pytest.fixture
def clip(page: ModelsView) -> ModelRow:
    return page.rows["clip"]


def offered(row: ModelRow) -> set[Offer]:
    return {offer for offer, button in row.buttons.items() if not button.isHidden()}


def press(row: ModelRow, offer: Offer) -> None:
    QTest.mouseClick(row.buttons[offer], Qt.MouseButton.LeftButton)


def wait_until_offered(qtbot: QtBot, row: ModelRow, offer: Offer) -> None:
    wait_for(qtbot, lambda: offer in offered(row))


def choose_folder(window: Window, row: ModelRow, folder: Path) -> None:
    press(row, Offer.FOLDER)
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(folder))
    dialog.reject()


def test_each_model_says_what_it_is_before_anything_is_asked_of_the_hub(
    qtbot: QtBot, page: ModelsView, hub: Hub
) -> None:
    titles = [label.text() for label in page.findChildren(QLabel)]
    for group in ("Photos and videos, by words and likeness", "Likeness of photos", "Sounds", "Videos in motion"):
        assert group in titles
    starter, clip = page.rows["starter"], page.rows["clip"]
    wait_for(qtbot, lambda: starter.in_use.isVisibleTo(page))
    assert "came with Likewise" in starter.facts.text()
    assert offered(starter) == {Offer.CHECK}
    assert clip.facts.text() == "Licence: MIT · 610 MB"
    assert hub.url.removeprefix("http://") in clip.state.text()
    assert "nothing else is sent" in clip.state.text()
    assert offered(clip) == {Offer.DOWNLOAD, Offer.FOLDER}
    assert clip.buttons[Offer.DOWNLOAD].text() == "Download 610 MB"
    assert clip.buttons[Offer.DOWNLOAD].accessibleName() == "Download 610 MB: CLIP ViT-B/32"
    assert hub.requests == []


def test_a_download_shows_how_far_it_is_stops_and_goes_on(
    qtbot: QtBot, clip: ModelRow, hub: Hub, tmp_path: Path
) -> None:
    hub.trouble.chunk_s = 0.5
    clip.buttons[Offer.DOWNLOAD].setFocus()
    press(clip, Offer.DOWNLOAD)
    assert offered(clip) == {Offer.CANCEL}
    wait_for(qtbot, lambda: hub.sent[WEIGHTS] > 0 and 0 < clip.progress.value() < clip.progress.maximum())
    assert " kB of " in clip.state.text()
    assert clip.progress.isVisibleTo(clip)

    press(clip, Offer.CANCEL)
    wait_until_offered(qtbot, clip, Offer.DOWNLOAD)
    wait_for(qtbot, lambda: "broke off" in clip.state.text())
    assert not clip.progress.isVisibleTo(clip)

    hub.trouble.chunk_s = 0.0
    press(clip, Offer.DOWNLOAD)
    wait_until_offered(qtbot, clip, Offer.USE)
    assert hub.fetched(WEIGHTS)[-1].begin > 0
    assert "on this computer" in clip.facts.text()

    press(clip, Offer.CHECK)
    wait_for(qtbot, lambda: clip.state.text() == "Every file is as it should be.")
    press(clip, Offer.REMOVE)
    wait_until_offered(qtbot, clip, Offer.DOWNLOAD)
    assert list((tmp_path / "models").rglob(WEIGHTS)) == []


def test_what_a_broken_off_download_left_can_be_removed(qtbot: QtBot, clip: ModelRow, hub: Hub, tmp_path: Path) -> None:
    hub.trouble.chunk_s = 0.5
    press(clip, Offer.DOWNLOAD)
    wait_for(qtbot, lambda: hub.sent[WEIGHTS] > 0 and clip.progress.value() > 0)
    press(clip, Offer.CANCEL)
    wait_until_offered(qtbot, clip, Offer.REMOVE)
    assert list((tmp_path / "models" / "partial").rglob("*.*")) != []
    press(clip, Offer.REMOVE)
    wait_for(qtbot, lambda: offered(clip) == {Offer.DOWNLOAD, Offer.FOLDER})
    assert "broke off" not in clip.state.text()
    assert list((tmp_path / "models" / "partial").rglob("*.part")) == []


def test_downloads_wait_for_each_other(qtbot: QtBot, page: ModelsView, clip: ModelRow, hub: Hub) -> None:
    large = page.rows["clip-large"]
    hub.trouble.stalls = True
    press(clip, Offer.DOWNLOAD)
    wait_for(qtbot, lambda: clip.state.text().startswith("Asking "))
    press(large, Offer.DOWNLOAD)
    assert large.state.text() == "Its download begins when the one before it is done."
    for row in (large, clip):
        press(row, Offer.CANCEL)
    wait_until_offered(qtbot, clip, Offer.DOWNLOAD)
    wait_until_offered(qtbot, large, Offer.DOWNLOAD)
    assert not any("large" in request.path for request in hub.requests)


def test_a_model_takes_over_and_says_how_far_it_is(
    qtbot: QtBot, page: ModelsView, clip: ModelRow, fresh: Engine, photos: Path
) -> None:
    fresh.add_folder(photos).result(WAIT_S)
    fresh.wait_idle().result(WAIT_S)
    press(clip, Offer.DOWNLOAD)
    wait_until_offered(qtbot, clip, Offer.USE)

    fresh.pause()
    press(clip, Offer.USE)
    wait_until_offered(qtbot, clip, Offer.KEEP_FORMER)
    assert clip.state.text() == "Understanding your library anew · 0 %; until then Starter answers"
    assert page.rows["starter"].in_use.isVisibleTo(page)
    assert fresh.settings.pictures_model == "clip"
    press(clip, Offer.KEEP_FORMER)
    wait_until_offered(qtbot, clip, Offer.USE)
    assert fresh.settings.pictures_model == "starter"

    press(clip, Offer.USE)
    wait_until_offered(qtbot, clip, Offer.KEEP_FORMER)
    fresh.resume()
    wait_for(qtbot, lambda: clip.in_use.isVisibleTo(page))
    wait_until_offered(qtbot, page.rows["starter"], Offer.USE)
    assert not page.rows["starter"].in_use.isVisibleTo(page)
    assert offered(clip) == {Offer.CHECK}
    wait_for(qtbot, lambda: clip.state.text().startswith("Runs on: "))
    assert clip.state.text().removeprefix("Runs on: ") in page.runs_on.text()
    fresh.wait_idle().result(WAIT_S)


def test_a_role_that_may_be_empty_can_be_left_alone(qtbot: QtBot, page: ModelsView, fresh: Engine) -> None:
    minilm = page.rows["minilm"]
    wait_until_offered(qtbot, minilm, Offer.STOP_USING)
    press(minilm, Offer.STOP_USING)
    wait_until_offered(qtbot, minilm, Offer.USE)
    assert fresh.settings.speech_model == ""


def test_what_the_hub_refuses_is_said_in_its_place(qtbot: QtBot, window: Window, clip: ModelRow, hub: Hub) -> None:
    hub.trouble.gated.add(CLIP)
    press(clip, Offer.DOWNLOAD)
    wait_for(qtbot, lambda: "asks you to accept terms" in clip.state.text())
    wait_until_offered(qtbot, clip, Offer.DOWNLOAD)
    assert not window.banner.isVisible()


def test_a_model_that_does_not_work_says_why(
    qtbot: QtBot, window: Window, clip: ModelRow, fresh: Engine, photos: Path, repositories: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(repositories / CLIP, tmp_path / "own")
    choose_folder(window, clip, own)
    wait_until_offered(qtbot, clip, Offer.USE)
    weights = own / WEIGHTS
    weights.write_bytes(bytes(weights.stat().st_size))
    fresh.add_folder(photos).result(WAIT_S)
    fresh.use_model("clip").result(WAIT_S)
    wait_for(qtbot, lambda: f"{WEIGHTS} is damaged" in clip.state.text())
    assert offered(clip) >= {Offer.CHECK, Offer.FOLDER}


def test_a_folder_is_used_and_a_wrong_one_refused(
    qtbot: QtBot, window: Window, clip: ModelRow, repositories: Path, tmp_path: Path, hub: Hub
) -> None:
    (tmp_path / "empty").mkdir()
    choose_folder(window, clip, tmp_path / "empty")
    wait_for(qtbot, lambda: "holds no config.json" in clip.state.text())
    choose_folder(window, clip, repositories / CLIP)
    wait_until_offered(qtbot, clip, Offer.USE)
    press(clip, Offer.REMOVE)
    wait_until_offered(qtbot, clip, Offer.DOWNLOAD)
    assert (repositories / CLIP / WEIGHTS).exists()
    assert hub.requests == []


def test_a_model_is_added_by_its_hub_id(qtbot: QtBot, page: ModelsView, hub: Hub) -> None:
    hub.trouble.chunk_s = 0.3
    page.hub_id.setText(f"{hub.url}/{OTHER}".replace("http:", "https:"))
    QTest.keyClick(page.hub_id, Qt.Key.Key_Return)
    wait_for(qtbot, lambda: OTHER in page.rows)
    assert offered(page.rows[OTHER]) == {Offer.CANCEL}
    hub.trouble.chunk_s = 0.0
    wait_for(qtbot, lambda: OTHER in page.rows and Offer.USE in offered(page.rows[OTHER]))
    assert OTHER in [label.text() for label in page.rows[OTHER].findChildren(QLabel)]
    assert not page.added.isVisible()
    assert page.hub_id.text() == ""


@pytest.mark.parametrize(("typed", "said"), [("clop", "owner/name"), ("nobody/nothing", "has no model nobody/nothing")])
def test_an_id_that_leads_nowhere_is_explained(qtbot: QtBot, page: ModelsView, typed: str, said: str) -> None:
    QTest.keyClicks(page.hub_id, typed)
    page.add_button.click()
    wait_for(qtbot, lambda: said in page.added.text())
    wait_for(qtbot, lambda: typed not in page.rows)


def test_the_device_is_chosen_without_forgetting_the_models(
    qtbot: QtBot, window: Window, page: ModelsView, fresh: Engine
) -> None:
    (dialog,) = window.findChildren(SettingsView)
    press(page.rows["minilm"], Offer.STOP_USING)
    wait_for(qtbot, lambda: fresh.settings.speech_model == "")
    (choice,) = (box for box in dialog.findChildren(QComboBox) if box.accessibleName() == "Compute device")
    choice.setCurrentText("Processor")
    dialog.reject()
    wait_for(qtbot, lambda: fresh.settings.device == "cpu")
    assert fresh.settings.speech_model == ""


@pytest.fixture
def without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, Path]]:
    """An engine whose cache of models takes nothing in, as on a full disk, until the file returned with it goes."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "joined").touch()
    monkeypatch.setenv("LIKEWISE_MODEL_CACHE", str(cache))
    with open_engine(tmp_path / "library", Settings(decode_processes=1)) as engine:
        yield engine, cache / "joined"


def test_a_model_that_could_not_be_made_ready_says_so_until_it_can(
    qtbot: QtBot, without_room: tuple[Engine, Path], open_window: Callable[[Engine], Window]
) -> None:
    engine, in_the_way = without_room
    window = open_window(engine)
    window.actions_["settings"].trigger()
    (dialog,) = window.findChildren(SettingsView)
    wait_for(qtbot, lambda: "whisper" in dialog.models.rows)
    row = dialog.models.rows["whisper"]
    assert f"could not be made ready in {in_the_way.parent}" in row.state.text()
    assert "Make room there" in row.state.text()
    in_the_way.unlink()
    press(row, Offer.CHECK)
    wait_for(qtbot, lambda: Offer.STOP_USING in offered(row))
    assert "could not" not in row.state.text()
