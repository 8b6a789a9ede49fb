"""docs/contract.md#webhooks: over TLS a webhook goes only to a receiver with a certificate for its host."""

import asyncio
import logging
from pathlib import Path

import pytest
from support import Person
from support.waiting import until
from webhooks.certificates import Authority
from webhooks.conftest import StartApp
from webhooks.receiver import OK, receiving
from webhooks.test_sender import new_sender, patched_names, send


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Returns the authority that the service trusts, as an operator says it: in SSL_CERT_FILE."""
    found = Authority(tmp_path, "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(found.path))
    return found


async def test_a_receiver_with_a_certificate_for_its_name_is_delivered_to(authority: Authority) -> None:
    with receiving(tls=authority.context_for("localhost")) as receiver:
        assert (await send(receiver)).kind == "delivered"

    assert receiver.attempts[0].headers["host"] == f"localhost:{receiver.port}"
    assert receiver.refused == []


async def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    with receiving(tls=authority.context_for("elsewhere.example.com")) as receiver:
        outcome = await send(receiver)

    assert outcome.reason == "its certificate is for another host name"
    assert receiver.attempts == []


@pytest.mark.usefixtures("authority")
async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    with receiving(tls=Authority(tmp_path, "unknown").context_for("localhost")) as receiver:
        outcome = await send(receiver)

    assert outcome.reason == "its certificate is of an unknown authority; see SSL_CERT_FILE"
    assert receiver.attempts == []


@pytest.mark.usefixtures("authority")
async def test_a_receiver_without_tls_gets_nothing() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(4096))
        writer.write(OK)
        writer.close()

    received: list[bytes] = []
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sender = new_sender(f"https://localhost:{port}/hook")
        outcome = await sender.send("msg_1", b"canary")
        await sender.stop()

    assert outcome.reason == "it cannot be reached (SSLError)"
    assert b"canary" not in b"".join(received)


async def test_a_name_that_moves_between_two_look_ups_is_looked_up_once(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(tls=authority.context_for("hooks.example.com")) as receiver:
        asked = patched_names(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
        outcome = await send(receiver, url=f"https://hooks.example.com:{receiver.port}/hook")

    assert outcome.kind == "delivered"
    assert asked == ["hooks.example.com"]


async def test_a_private_address_without_a_certificate_for_the_name_gets_nothing(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads to a service of the private network: that has no certificate for it."""
    with receiving(tls=authority.context_for("internal.example.com")) as receiver:
        patched_names(monkeypatch, ["127.0.0.1"])
        outcome = await send(receiver, url=f"https://hooks.example.com:{receiver.port}/hook")

    assert outcome.reason == "its certificate is for another host name"
    assert receiver.attempts == []


@pytest.mark.engines("disk")
async def test_the_log_says_what_is_wrong_with_a_certificate(
    start: StartApp, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(tls=authority.context_for("elsewhere.example.com")) as receiver:
        await Person(await start(webhook_url=receiver.url)).create("canary")
        await until(lambda: "A webhook failed" in caplog.text)

    (line,) = [one for one in caplog.records if one.msg == "A webhook failed; it will be sent again"]
    assert line.levelno == logging.WARNING
    assert vars(line)["reason"] == "its certificate is for another host name"
    assert "canary" not in str(vars(line))
