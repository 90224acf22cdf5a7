"""Secrets never reach a log line."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from gateway.log import configure_logging, redact, redact_text


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    return parsed


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("open rtsp://admin:p%3Ass@10.0.0.1/live failed", "p%3Ass"),
        ("postgresql://u:secretpw@db/x", "secretpw"),
        ("rtsp://admin@cam/1", "admin"),
        ("signed with whsec_c2VjcmV0", "c2VjcmV0"),
    ],
)
def test_secrets_inside_texts_are_hidden(text: str, hidden: str) -> None:
    """User information and webhook secrets vanish from any text."""
    assert hidden not in redact_text(text)


def test_addresses_without_user_information_stay_whole() -> None:
    """Redaction does not eat what a technician needs."""
    assert redact_text("rtsp://10.0.0.1:554/live?a=b") == "rtsp://10.0.0.1:554/live?a=b"


def test_secret_keys_are_hidden_however_deep() -> None:
    """A secret in a nested structure is found by its key."""
    assert redact({"a": [{"password": "x", "Authorization": "Bearer y", "ok": 1}]}) == {
        "a": [{"password": "***", "Authorization": "***", "ok": 1}]
    }


def test_json_line_carries_fields_and_context(capsys: pytest.CaptureFixture[str]) -> None:
    """A structured line keeps its fields, the process context, and no secret."""
    configure_logging("json", "info", worker="w0")
    structlog.get_logger("gateway.test").info("camera opened", camera="weir-1", token="t0p", url="rtsp://a:b@c/d")
    line = last_line(capsys)
    assert line["event"] == "camera opened"
    assert (line["camera"], line["worker"], line["level"]) == ("weir-1", "w0", "info")
    assert line["token"] == "***"
    assert line["url"] == "rtsp://***@c/d"


def test_tracebacks_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """A driver's message inside a traceback cannot carry a password out."""
    configure_logging("json", "info")
    try:
        raise OSError("cannot open rtsp://admin:hunter2@cam/1")
    except OSError:
        logging.getLogger("driver").exception("failed")
    text = capsys.readouterr().err
    assert "hunter2" not in text
    assert "Traceback" in text


def test_foreign_loggers_share_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries that log through the standard library come out structured too."""
    configure_logging("json", "warning")
    logging.getLogger("some.library").warning("hello %s", "world")
    assert last_line(capsys)["event"] == "hello world"


def test_console_format_is_readable(capsys: pytest.CaptureFixture[str]) -> None:
    """The console form shows the words and the fields."""
    configure_logging("console", "info")
    structlog.get_logger("gateway.test").info("started", port=8080)
    text = capsys.readouterr().err
    assert "started" in text
    assert "8080" in text
