"""What every reason is: a frozen value that says what was found, with figures, and carries its own words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Self

_WORDS: Final = ("position", "distance", "general", "remedy", "phrase")


class UnschedulableReason(ABC):
    """Why one cluster did not take a replica.

    A reason without all of its words is refused when its module is imported. Positions and distances go in tens,
    so that a new reason fits between two others.

    Attributes:
        position: Where a summary lists the reason; lower numbers first.
        distance: How far the cluster is from taking a replica. A summary gives the remedy of the nearest reason.
        general: A phrase for clusters whose reasons of this class differ too much to be told apart.
        remedy: A sentence that says what to do; empty when there is nothing to do.
        grantable: Whether a permission alone may be lacking, which is advised on beside the nearest reason's remedy.
        considered: Whether the cluster was considered at all; those that were not are counted apart.
    """

    __slots__ = ()

    position: ClassVar[int]
    distance: ClassVar[int]
    general: ClassVar[str]
    remedy: ClassVar[str]
    grantable: ClassVar[bool] = False
    considered: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        missing = [name for name in _WORDS if getattr(cls, name, None) is getattr(UnschedulableReason, name, None)]
        if missing:
            raise TypeError(f"{cls.__name__} lacks {', '.join(missing)}: every reason carries its own words")

    @property
    @abstractmethod
    def phrase(self) -> str:
        """A phrase for one cluster, without the cluster's name."""

    @property
    def gist(self) -> Self:
        """The reason without what may differ between clusters that are summed up together."""
        return self

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """Word several clusters whose reasons have the same gist: figures added up, or the best of them."""
        return alike[0].phrase

    @classmethod
    def advise(cls, alike: Sequence[Self]) -> str:  # noqa: ARG003
        """Say what to do about all the clusters with a reason of this class."""
        return cls.remedy
