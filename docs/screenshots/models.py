"""Makes the pictures of the models page anew, with a hub on this computer that serves a tiny CLIP very slowly.

    python docs/screenshots/models.py

Run it from the repository's folder. Look at every picture before committing it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

from make import Stage, make_pictures
from PySide6.QtWidgets import QApplication, QScrollArea

from app.models.account import Offer
from app.models.model_row import ModelRow
from app.settings.pages import SettingsPage
from app.settings.settings_view import SettingsView
from app.theme import Look
from tests import tiny_models
from tests.hub import Hub

CLIP = "openai/clip-vit-base-patch32"
RESNET = "microsoft/resnet-50"


class Dialog:
    """The settings of a window, posed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        stage.window.actions_["settings"].trigger()
        (self.view,) = stage.window.findChildren(SettingsView)
        stage.until(lambda: {"clip", "resnet50"} <= self.view.models.rows.keys())

    def row(self, model_id: str) -> ModelRow:
        return self.view.models.rows[model_id]

    def press(self, model_id: str, offer: Offer) -> None:
        self.stage.until(lambda: not self.row(model_id).buttons[offer].isHidden())
        self.row(model_id).buttons[offer].click()

    def scroll_to(self, model_id: str) -> None:
        """Brings a model's group to the top."""
        row = self.row(model_id)
        (area,) = (area for area in self.view.findChildren(QScrollArea) if area.isAncestorOf(row))
        column = area.widget()
        card = row.parentWidget()
        assert column is not None
        assert card is not None
        area.verticalScrollBar().setValue(card.mapTo(column, card.rect().topLeft()).y() - 44)

    def save(self, name: str) -> None:
        for look in (Look.DARK, Look.LIGHT):
            self.stage.session.theme.set_look(look)
            self.stage.wait(50)
            path = HERE / f"{name}-{look}.png"
            self.view.grab().save(str(path), "PNG")
            print(path)


def draw_models(application: QApplication, hub: Hub) -> None:
    """The better model suggested, on its way here and taking over; one that was refused; where things are kept."""
    stage = Stage(application, "library")
    stage.until(lambda: stage.window.folders_model.known)
    stage.engine.add_folder(make_pictures(Path.home() / "Pictures")).result()
    stage.until(stage.engine.wait_idle().done)
    stage.until(stage.window.banner.isVisible)
    stage.settle()
    stage.save("better-model")
    dialog = Dialog(stage)
    hub.trouble.gated.add(RESNET)
    dialog.press("resnet50", Offer.DOWNLOAD)
    stage.until(lambda: "terms" in dialog.row("resnet50").state.text())
    hub.trouble.chunk_s = 1.0
    dialog.press("clip", Offer.DOWNLOAD)
    stage.until(lambda: "left" in dialog.row("clip").state.text())
    dialog.save("models")
    dialog.scroll_to("resnet50")
    dialog.save("models-unavailable")
    hub.trouble.chunk_s = 0.0
    stage.engine.pause()
    dialog.press("clip", Offer.USE)
    stage.until(lambda: not dialog.row("clip").buttons[Offer.KEEP_FORMER].isHidden())
    dialog.scroll_to("starter")
    dialog.save("models-taking-over")
    dialog.view.show_page(SettingsPage.PRIVACY)
    dialog.save("privacy")
    stage.session.close()


def main() -> None:
    """Draws everything, in a home of its own: its paths are seen in the pictures."""
    home = Path(tempfile.mkdtemp(prefix="likewise-screenshots-"))
    os.environ.update(QT_QPA_PLATFORM="offscreen", HOME=str(home), HF_HUB_CACHE=str(home / "hub"))
    os.environ.setdefault("LIKEWISE_MODEL_CACHE", str(home / "cache"))
    repositories = home / "repositories"
    tiny_models.clip(repositories / CLIP)
    tiny_models.resnet(repositories / RESNET)
    application = QApplication([])
    with Hub(repositories) as hub:
        os.environ["HF_ENDPOINT"] = hub.url
        draw_models(application, hub)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
