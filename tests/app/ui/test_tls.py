"""The page over https: what goes back over https alone, and what is said where it is not used."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.sync.client import connect
from websockets.typing import Origin

from app import cli
from app.options import OptionError, Options, parse_certificate
from app.ui.server import PageServer, ServerOptions
from tests.app.ui.fakes import FakeEngine


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(files[0]), str(files[1])


def test_the_page_its_cookies_and_its_connection_are_encrypted(certificate: tuple[str, str]) -> None:
    trusted = ssl.create_default_context(cafile=certificate[0])
    options = ServerOptions(port=0, certificate=certificate, auth=("ann", "secret"))
    with PageServer(lambda report: FakeEngine(), options) as server:  # type: ignore[arg-type, return-value]
        assert server.link.startswith("https://127.0.0.1:")
        with httpx.Client(base_url=server.origin, verify=trusted, trust_env=False) as client:
            answer = client.get(server.link)
            assert answer.status_code == 303
            assert "; Secure" in answer.headers["set-cookie"] and "HttpOnly" in answer.headers["set-cookie"]
            login = client.post("/login", data={"username": "ann", "password": "secret"})
            assert login.status_code == 200
            cookies = login.headers.get_list("set-cookie")
            assert cookies and all("secure" in cookie.lower() for cookie in cookies)
            jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
        with connect(
            server.origin.replace("https:", "wss:") + "/live",
            ssl=trusted,
            origin=Origin(server.origin),
            additional_headers={"Cookie": jar},
            proxy=None,
        ) as live:
            assert "hello" in str(live.recv(10))
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.link.replace("https:", "http:"), trust_env=False)


def test_a_certificate_and_its_key_come_together(certificate: tuple[str, str], tmp_path: Path) -> None:
    assert parse_certificate(None, None) is None
    with pytest.raises(OptionError, match="give both"):
        parse_certificate(certificate[0], None)
    with pytest.raises(OptionError, match="as PEM"):
        Options(tmp_path, certificate=(certificate[1], certificate[0]))
    with pytest.raises(OptionError, match="No such file"):
        Options(tmp_path, certificate=(str(tmp_path / "none.pem"), certificate[1]))


def test_a_login_over_plain_http_is_told_at_the_start(
    certificate: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = {"host": "0.0.0.0", "auth": ("ann", "secret"), "port": 0}
    cli.announce(Options(tmp_path, **wide), "http://127.0.0.1:1/?token=x")  # type: ignore[arg-type]
    assert "plain HTTP" in capsys.readouterr().out
    cli.announce(Options(tmp_path, certificate=certificate, **wide), "https://127.0.0.1:1/?token=x")  # type: ignore[arg-type]
    cli.announce(Options(tmp_path, auth=("ann", "secret"), port=0), "http://127.0.0.1:1/?token=x")
    assert "plain HTTP" not in capsys.readouterr().out
