"""An authority of a test's own, and the certificates that it issues."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key: PEM files, and one with both, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Issues certificates for 127.0.0.1.

    Args:
        folder: for its files; it is made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(folder.name)
        self.certificate = folder / "authority.pem"
        basics = x509.BasicConstraints(ca=True, path_length=0)
        builder = _builder(self._name, self._key, timedelta(days=2))
        authority = builder.issuer_name(self._name).add_extension(basics, critical=True)
        self.certificate.write_bytes(_pem(authority.sign(self._key, SHA256())))

    def issue(self, name: str, *, expired: bool = False) -> Issued:
        """Issue a certificate to a common name; one that has expired did so yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        builder = _builder(_named(name), key, -DAY if expired else DAY)
        issued = builder.issuer_name(self._name).add_extension(address, critical=False)
        certificate = _pem(issued.sign(self._key, SHA256()))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = self._folder / f"{name}{'-expired' * expired}"
        files = Issued(*(file.with_suffix(suffix) for suffix in (".crt", ".key", ".pem")))
        files.certificate.write_bytes(certificate)
        files.key.write_bytes(private)
        files.both.write_bytes(private + certificate)
        return files


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, valid: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + valid)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
