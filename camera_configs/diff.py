"""What is different between two documents, in paths that people can read; secrets are never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from camera_configs.documents import Document

# What stands for a secret, be it sealed or not.
HIDDEN = "***"
_SECRET_FIELDS = frozenset({"password", "password_sealed"})
# The entries of a list are told apart by the first of these that they all have.
_NAMES = ("id", "role", "account")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is another, was not there before (`before` None) or is gone (`after` None).

    `path` names list entries by id, as problems do: `rules[fall].dwell_s`; "" is the whole entry.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path or '(all)'}: {_shown(self.before)} -> {_shown(self.after)}"


def differences(before: Document | None, after: Document | None) -> list[Difference]:
    """Return what is different, in order of the documents' fields; None: the entry is not there."""
    if before is None or after is None:
        return [] if before is after else [Difference("", without_secrets(before), without_secrets(after))]
    return list(_of_mappings("", before, after))


def without_secrets(value: Any) -> Any:
    """Return a copy in which every secret is `HIDDEN`."""
    if isinstance(value, Mapping):
        hidden = ((k, HIDDEN if k in _SECRET_FIELDS and v is not None else v) for k, v in value.items())
        return {key: without_secrets(entry) for key, entry in hidden}
    if isinstance(value, list | tuple):
        return [without_secrets(entry) for entry in value]
    return value


def _of_mappings(path: str, before: Document, after: Document) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        inner = f"{path}.{key}" if path else key
        a, b = before.get(key), after.get(key)
        if key in _SECRET_FIELDS and a != b:
            yield Difference(inner, a and HIDDEN, b and HIDDEN)
        else:
            yield from _of_values(inner, a, b)


def _of_values(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_mappings(path, before, after)
        return
    olds, news = _by_name(before), _by_name(after)
    if olds is not None and news is not None:
        yield from _of_lists(path, olds, news)
    else:
        yield Difference(path, without_secrets(before), without_secrets(after))


def _of_lists(path: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[Difference]:
    for name in [*olds, *(name for name in news if name not in olds)]:
        yield from _of_values(f"{path}[{name}]", olds.get(name), news.get(name))
    if [name for name in olds if name in news] != [name for name in news if name in olds]:
        yield Difference(path, list(olds), list(news))


def _by_name(value: Any) -> Mapping[str, Any] | None:
    """Return the entries of a list by name; None where they have none, or one twice. A missing list is empty."""
    if value is None:
        return {}
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        return None
    # A stream without a role is the main one: the default is left out of documents.
    named = {str(next((e[n] for n in _NAMES if n in e), "main")): e for e in value}
    return named if len(named) == len(value) else None


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)
