"""The tokens of a stored reply, read where they are looked at: of most, nobody wants to know what else might have stood there."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

import msgspec

from harness.chat.messages import TokenProbability

NONE = msgspec.Raw(msgspec.msgpack.encode(()))


class _Said(msgspec.Struct, frozen=True, gc=False):
    token: str


_SAID = msgspec.msgpack.Decoder(list[_Said]).decode
_EACH = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_ONE = msgspec.msgpack.Decoder(TokenProbability).decode
_WHOLE = msgspec.msgpack.Decoder(tuple[TokenProbability, ...]).decode


class KeptTokens(Sequence[TokenProbability]):
    """As the tuple of the tokens: equal to it, pickled as one; msgspec encodes only `whole`. `data`: the tuple in MessagePack.

    Raises msgspec.ValidationError where something is read that is no token.
    """

    __slots__ = ("_data", "_names", "_whole")

    def __init__(self, data: bytes | msgspec.Raw) -> None:
        self._data = data
        self._names: list[str] | None = None
        self._whole: tuple[TokenProbability, ...] | None = None

    @property
    def said(self) -> list[str]:
        """The tokens' texts."""
        if self._names is None:
            self._names = [each.token for each in _SAID(self._data)]
        return self._names

    @property
    def whole(self) -> tuple[TokenProbability, ...]:
        """The tuple."""
        if self._whole is None:
            self._whole = _WHOLE(self._data)
        return self._whole

    def __len__(self) -> int:
        return len(self.said)

    @overload
    def __getitem__(self, place: int) -> TokenProbability: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[TokenProbability, ...]: ...
    def __getitem__(self, place: int | slice) -> TokenProbability | tuple[TokenProbability, ...]:
        if self._whole is None and isinstance(place, int):
            return _ONE(_EACH(self._data)[place])
        return self.whole[place]

    def __iter__(self) -> Iterator[TokenProbability]:
        return iter(self.whole)

    def __eq__(self, other: object) -> bool:
        return self.whole == (other.whole if isinstance(other, KeptTokens) else other)

    def __hash__(self) -> int:
        return hash(self.whole)

    def __repr__(self) -> str:
        return repr(self.whole)

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.whole,)


def said(tokens: Sequence[TokenProbability]) -> list[str]:
    """The tokens' texts."""
    return tokens.said if isinstance(tokens, KeptTokens) else [token.token for token in tokens]
