"""A PgBouncer of the test's own, in transaction mode."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

needs_pgbouncer = pytest.mark.skipif(not shutil.which("pgbouncer"), reason="pgbouncer is not installed")

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
"""

OVER_TLS_ALONE = """
client_tls_sslmode = require
client_tls_key_file = {folder}/key.pem
client_tls_cert_file = {folder}/certificate.pem
"""


@asynccontextmanager
async def pooler(url: str, folder: Path, *, tls: bool = False) -> AsyncIterator[str]:
    """Yields the URL of that database behind a pooler with two connections to the server.

    With `tls` it requires TLS, and its certificate is of an unknown authority.
    """
    server = urlsplit(url)
    socket_folder = parse_qs(server.query).get("host", [None])[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen_port = free.getsockname()[1]
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            host=socket_folder or server.hostname,
            port=server.port or 5432,
            user=server.username or "postgres",
            listen_port=listen_port,
        )
        + (OVER_TLS_ALONE.format(folder=folder) if tls else "")
    )
    if tls:
        sign_for_itself(folder)
    process = await asyncio.create_subprocess_exec(
        *as_somebody(socket_folder, configuration), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        await listening(listen_port)
        yield f"postgresql://{server.username or 'postgres'}@127.0.0.1:{listen_port}{server.path}"
    finally:
        process.terminate()
        await process.wait()


def sign_for_itself(folder: Path) -> None:
    """Creates a key and a certificate for it, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pooler")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def as_somebody(socket_folder: str | None, configuration: Path) -> list[str]:
    """Returns the command; PgBouncer does not run as root, and only the server's user may use its socket."""
    command = ["pgbouncer", "-q", str(configuration)]
    if os.geteuid() != 0:
        return command
    owner = Path(socket_folder).stat().st_uid if socket_folder else pwd.getpwnam("nobody").pw_uid
    for folder in (configuration, *configuration.parents):
        if folder.owner() == "root" and folder.is_relative_to("/tmp"):  # noqa: S108 - where pytest keeps it
            folder.chmod(folder.stat().st_mode | 0o755)
    return [*command, "-u", pwd.getpwuid(owner).pw_name]


async def listening(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("pgbouncer does not listen")
