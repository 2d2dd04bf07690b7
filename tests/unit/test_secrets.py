from pathlib import Path

import pytest
from pydantic import SecretStr

from services.errors import ConfigurationError
from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings


def by_file(file: Path, password: str | None = None) -> KafkaSettings:
    return KafkaSettings(
        security_protocol="SASL_PLAINTEXT",
        sasl_username="router",
        sasl_password=SecretStr(password) if password else None,
        sasl_password_file=file,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_password_comes_from_a_file(tmp_path: Path, encoding: str) -> None:
    """A mounted secret is read without line end and mark, which editors add, and is not shown."""
    file = tmp_path / "password"
    file.write_text(" hunter2 \n", encoding=encoding)
    clients = connect(by_file(file), "x")
    assert clients.password is not None
    assert clients.password.get_secret_value() == " hunter2 "
    assert "hunter2" not in repr(clients)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"\n"], ids=["none", "not UTF-8", "empty"])
def test_a_password_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A secret that is not there, is no text or is empty is named in one sentence."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="KAFKA_SASL_PASSWORD_FILE") as caught:
        connect(by_file(file), "x")
    assert "\n" not in str(caught.value)


def test_two_passwords_are_one_too_many(tmp_path: Path) -> None:
    """A password and a file for it at once is refused: one of them is not the one meant."""
    file = tmp_path / "password"
    file.write_text("hunter2")
    with pytest.raises(ConfigurationError, match="keep one of them") as caught:
        connect(by_file(file, "hunter3"), "x")
    assert "hunter" not in str(caught.value)
