"""Which models do the work: those that the user chose, where their weights are here, else those that came along."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from core.embed.encoder import make_encoder
from core.embedding import ModelBoard
from core.errors import ModelError
from core.lineup import Lineup, spaces_of
from core.records import EncoderSpec, ModelCard, ModelState, ModelStatus, Role, SpaceId
from core.settings import Settings
from core.store.spaces import SpacePlan

if TYPE_CHECKING:
    from core.embed.encoder import Encoder
    from core.models.presence import Presence
    from core.models.shelf import Shelf

log = logging.getLogger(__name__)

CAME_ALONG: Mapping[Role, str] = {Role.PICTURES: "starter", Role.SOUNDS: "whisper", Role.SPEECH: "minilm"}
"""What does the work while the weights of what was chosen are away."""
Plan: TypeAlias = Callable[[Sequence[EncoderSpec], Mapping[Role, str], Collection[SpaceId]], SpacePlan]


class Chooser:
    """Makes encoders, and says of every model how it is. Its methods are called on one thread at a time."""

    def __init__(self, shelf: Shelf, board: ModelBoard, *, device: str, cache: Path) -> None:
        self._shelf = shelf
        self._board = board
        self._device = device
        self._cache = cache
        self._made: dict[str, Encoder] = {}
        self._refused: dict[str, str] = {}

    def choose(self, settings: Settings, active: Mapping[SpaceId, str], plan: Plan) -> Lineup:
        """The lineup for these settings.

        Args:
            settings: which model the user chose for each role.
            active: the spaces that answered so far, with the model that each belongs to.
            plan: makes the catalog's spaces those of the encoders it is given; see `Catalog.plan_spaces`.
        """
        chosen = {role: model_id for role in Role if (model_id := settings.model_for(role))}
        wanted: list[Encoder] = []
        for role, model_id in chosen.items():
            encoder = self._make(model_id) or self._make(CAME_ALONG.get(role, ""))
            if encoder is not None:
                wanted.append(encoder)
        former = [self._make(model_id) for model_id in dict.fromkeys(active.values())]
        rivals = [encoder for encoder in former if encoder is not None and encoder not in wanted]
        spaces = plan([encoder.spec for encoder in wanted], chosen, spaces_of(rivals))
        rivals = [encoder for encoder in rivals if spaces_of([encoder]) & spaces.active]
        return Lineup((*wanted, *rivals), spaces.active)

    def reading(self, active: Mapping[SpaceId, str]) -> Lineup:
        """The lineup that answers from a library that another process has open."""
        made = [self._make(model_id) for model_id in dict.fromkeys(active.values())]
        return Lineup(tuple(encoder for encoder in made if encoder is not None), frozenset(active))

    def switched(self, lineup: Lineup, plan: SpacePlan) -> Lineup:
        """The lineup after spaces took over."""
        used = plan.active | plan.building
        return Lineup(tuple(encoder for encoder in lineup.encoders if spaces_of([encoder]) & used), plan.active)

    def forget(self, model_id: str) -> None:
        """Makes the encoder anew when it is next needed: its weights are others, or gone."""
        self._made.pop(model_id, None)
        self._refused.pop(model_id, None)
        self._board.change(model_id, state=ModelState.NOT_HERE, note="")

    def show(self, lineup: Lineup, shares: Mapping[str, float]) -> None:
        """Says of every model how it is; `shares` is how far those have come that are catching up."""
        at_work = {encoder.spec.encoder_id: encoder for encoder in lineup.encoders}
        answering = {encoder.spec.encoder_id for encoder in lineup.answering()}
        for card in self._shelf.cards():
            encoder = at_work.get(card.model_id) or self._made.get(card.model_id)
            revised = partial(
                self._revised,
                card,
                self._shelf.here(card),  # looked up before: it takes its time
                spaces=encoder.spec.spaces if encoder is not None else (),
                in_use=card.model_id in answering,
                taking_over=shares.get(card.model_id) if card.model_id in at_work else None,
            )
            self._board.revise(card.model_id, revised)

    def advance(self, lineup: Lineup, shares: Mapping[str, float]) -> None:
        """Says how far those have come that are catching up, as `show` does, and nothing else."""
        for encoder_id in {encoder.spec.encoder_id for encoder in lineup.encoders} & shares.keys():
            self._board.change(encoder_id, taking_over=shares[encoder_id])

    def _revised(self, card: ModelCard, here: Presence, known: ModelStatus | None, **use: Any) -> ModelStatus:
        return replace(self._status(card, here, known), **use)

    def _status(self, card: ModelCard, here: Presence, known: ModelStatus | None) -> ModelStatus:
        """Whether its weights are here; what is known of a loaded, broken or arriving one stands."""
        if known is not None and known.state is ModelState.DOWNLOADING:
            return known
        if not here.present:
            state = ModelState.NOT_HERE if card.repository else ModelState.UNAVAILABLE
            return ModelStatus(card, state, here.reason, got_bytes=here.bytes)
        if card.model_id in self._refused:
            return ModelStatus(card, ModelState.UNAVAILABLE, self._refused[card.model_id], here_bytes=here.bytes)
        if known is not None and known.state is not ModelState.NOT_HERE:
            return replace(known, here_bytes=here.bytes)
        return ModelStatus(card, ModelState.NOT_LOADED, here_bytes=here.bytes)

    def _make(self, model_id: str) -> Encoder | None:
        """The model's encoder, always the same; None, as `show` says, if its weights are not here or not right."""
        if not model_id:
            return None
        if model_id not in self._made:
            try:
                card = self._shelf.card(model_id)
                if not self._shelf.here(card).present:
                    return None
                self._made[model_id] = make_encoder(
                    card, weights=self._shelf.weights(card), device=self._device, cache=self._cache
                )
            except ModelError as error:
                log.warning("the model %s cannot be used: %s", model_id, error)
                self._refused[model_id] = str(error)  # the board may not know the model yet
                return None
            if self._refused.pop(model_id, ""):
                self._board.change(model_id, state=ModelState.NOT_LOADED, note="")
        return self._made[model_id]
