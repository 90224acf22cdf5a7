"""Secrets at rest."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.access.sealing import (
    KEY_FILE,
    MAX_SECRET_CHARS,
    BrokenSeal,
    Sealer,
    SealError,
    UnknownSealKey,
    is_sealed,
    open_sealer,
)
from gateway.errors import SettingsError

OLD, NEW = b"o" * 32, b"n" * 32
SECRET = "摄像头-Pa55 word"


def in_text(*keys: bytes) -> SecretStr:
    return SecretStr(" ".join(base64.urlsafe_b64encode(key).decode() for key in keys))


@pytest.mark.parametrize("where", [0, 10, 20, 40, -1])
def test_a_changed_token_is_not_opened(where: int) -> None:
    """Whichever part somebody changes: the mark, the key's id, the nonce, the text, the tag."""
    token = Sealer([NEW]).seal(SECRET)
    other = "A" if token[where] != "A" else "B"
    changed = token[:where] + other + token[where:][1:]
    with pytest.raises(SealError):
        Sealer([NEW]).open(changed)


@pytest.mark.parametrize("token", ["", "plain", "gps1..", "gps1.000000000000.A", f"gps1.{'0' * 12}.=="])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Nothing but a typed error comes of it."""
    with pytest.raises(SealError):
        Sealer([NEW]).open(token)


def test_a_token_of_another_key_names_the_key() -> None:
    """Whoever restored a backup without its key file learns which key is missing."""
    with pytest.raises(UnknownSealKey) as caught:
        Sealer([NEW]).open(Sealer([OLD]).seal(SECRET))
    assert caught.value.key_id == Sealer([OLD]).key_id


def test_a_key_id_moved_to_another_key_does_not_open() -> None:
    """The token is bound to the key that it names."""
    token = Sealer([OLD]).seal(SECRET).replace(Sealer([OLD]).key_id, Sealer([NEW]).key_id)
    with pytest.raises(BrokenSeal):
        Sealer([NEW]).open(token)


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b"short"]])
def test_keys_of_another_length_are_refused(keys: list[bytes]) -> None:
    """A weak key must not start."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(keys)


def test_an_overlong_secret_is_refused() -> None:
    """Pasting a file into the field is a mistake."""
    with pytest.raises(ValueError, match="longer"):
        Sealer([NEW]).seal("x" * (MAX_SECRET_CHARS + 1))


def test_errors_and_representations_hold_nothing_secret() -> None:
    """What may reach a log says neither the secret, nor the token, nor the key."""
    sealer = Sealer([NEW])
    token = sealer.seal(SECRET)
    with pytest.raises(BrokenSeal) as caught:
        sealer.open(token[:-8] + "AAAAAAA=")
    shown = repr(sealer) + str(caught.value) + repr(caught.value) + repr(caught.value.__cause__)
    assert not {SECRET, token, NEW.decode(), base64.urlsafe_b64encode(NEW).decode()} & {shown}
    assert token.rpartition(".")[2][:20] not in shown


def test_what_is_sealed_can_be_opened_and_looks_different_each_time() -> None:
    """Equal passwords of two cameras do not show as equal in the database."""
    sealer = Sealer([NEW])
    first, second = sealer.seal(SECRET), sealer.seal(SECRET)
    assert first != second
    assert SECRET not in first
    assert sealer.open(first) == sealer.open(second) == SECRET
    assert is_sealed(first)
    assert not is_sealed(SECRET)


def test_an_old_key_still_opens_behind_a_new_one() -> None:
    """Keys can be changed without typing every password anew."""
    rotated = Sealer([NEW, OLD])
    assert rotated.open(Sealer([OLD]).seal(SECRET)) == SECRET
    assert Sealer([NEW]).open(rotated.seal(SECRET)) == SECRET


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """Front and workers read the same file."""
    token = open_sealer(tmp_path / "data").seal(SECRET)
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_sealer(tmp_path / "data").open(token) == SECRET
    assert [p.name for p in path.parent.iterdir()] == [KEY_FILE]


def test_many_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """Workers that start together do not lock each other out."""
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(open_sealer(tmp_path).key_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A key file copied carelessly is named before anything is sealed with it."""
    open_sealer(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        open_sealer(tmp_path)


def test_a_damaged_key_file_is_named_without_its_content(tmp_path: Path) -> None:
    """Nobody overwrites it, nobody prints it."""
    path = tmp_path / KEY_FILE
    path.write_text("rather short")
    path.chmod(0o600)
    with pytest.raises(SettingsError) as caught:
        open_sealer(tmp_path)
    assert KEY_FILE in str(caught.value)
    assert "short" not in str(caught.value)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file where the data folder should be."""
    (tmp_path / "data").write_text("")
    with pytest.raises(SettingsError, match="cannot be used as key file"):
        open_sealer(tmp_path / "data")


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """With a key from outside nothing is written."""
    sealer = open_sealer(tmp_path, in_text(NEW, OLD))
    assert sealer.key_id == Sealer([NEW]).key_id
    assert sealer.open(Sealer([OLD]).seal(SECRET)) == SECRET
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "abc", "!!!", base64.b64encode(b"x" * 16).decode()])
def test_a_key_from_the_environment_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    """The message names the variable."""
    with pytest.raises(SettingsError, match="GRIDPATROL_SEAL_KEY"):
        open_sealer(tmp_path, SecretStr(text))
