from pathlib import Path, PurePath

import pytest
from prometheus_client import CollectorRegistry
from pydantic_settings import BaseSettings

from services.app.settings import ProcessSettings
from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.desk.login.settings import LoginSettings
from services.desk.login.wiring import create_login
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.router.settings import RouterSettings
from services.settings import read_settings
from services.settler.settings import SettlerSettings
from tests.contract.manifests import (
    AUTHORITY,
    OVERLAYS,
    SCALED,
    SERVICES,
    container_of,
    environment_of,
    named,
    pod_of,
    triggers_of,
)

SETTINGS: dict[str, type[ProcessSettings]] = {
    "classifier": ClassifierSettings,
    "router": RouterSettings,
    "settler": SettlerSettings,
    "desk": DeskSettings,
}

pytestmark = [
    pytest.mark.parametrize("overlay", OVERLAYS),
    pytest.mark.parametrize("service", SERVICES),
]


@pytest.fixture
def environment(overlay: str, service: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a service's pods, and for the test that of this process as well."""
    given = environment_of(overlay, service)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


def names(settings: type[BaseSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in settings.model_fields}


def test_every_variable_is_a_setting(service: str, environment: dict[str, str]) -> None:
    """A pod's environment names settings of its service and of Kafka alone."""
    known = names(KafkaSettings) | names(SETTINGS[service])
    known |= names(LoginSettings) if service == "desk" else set()
    assert set(environment) - known == set()


def test_the_connection_is_encrypted_and_its_user_known(
    overlay: str, service: str, environment: dict[str, str]
) -> None:
    """With that environment a service connects as its own KafkaUser, over TLS, with SCRAM."""
    kafka = read_settings(KafkaSettings)
    user = named(overlay, "KafkaUser")[service]["spec"]
    assert (kafka.security_protocol, kafka.sasl_username) == ("SASL_SSL", service)
    assert kafka.sasl_mechanism.lower() == user["authentication"]["type"]
    assert not {"KAFKA_SASL_PASSWORD", "KAFKA_SSL_KEYFILE"} & set(environment)


def test_the_port_is_the_one_that_is_served(
    overlay: str, service: str, environment: dict[str, str]
) -> None:
    """The port that has the name `http` is the one that the service listens on."""
    served = read_settings(SETTINGS[service]).http_port
    ports = container_of(overlay, service)["ports"]
    assert ports == [{"name": "http", "containerPort": served}]


def test_password_and_authority_are_mounted_from_secrets(
    overlay: str, service: str, environment: dict[str, str]
) -> None:
    """The files that the environment names are there, from the Secrets that Strimzi writes."""
    volumes = {each["name"]: each for each in pod_of(overlay, service)["spec"]["volumes"]}
    mounts = {each["name"]: each for each in container_of(overlay, service)["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    mounted = {
        str(PurePath(mounts[name]["mountPath"]) / item["path"]): (secret["name"], item["key"])
        for name, volume in volumes.items()
        for secret in (source["secret"] for source in volume["projected"]["sources"])
        for item in secret["items"]
    }
    own = {
        environment[name]: ("desk-login", key)
        for name, key in (
            ("DESK_SECRET_FILE", "secret"),
            ("DESK_OIDC_CLIENT_SECRET_FILE", "client-secret"),
        )
        if service == "desk"
    }
    assert mounted == own | {
        environment["KAFKA_SASL_PASSWORD_FILE"]: (service, "password"),
        environment["KAFKA_SSL_CAFILE"]: (AUTHORITY, "ca.crt"),
    }


def test_the_desk_is_opened_where_it_says_it_is(
    overlay: str, service: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """The desk starts with what its pods have, and the ingress leads to it by its own address."""
    if service != "desk":
        assert not {name for name in environment if name.startswith("DESK_")}
        return
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef" * 2)
    given = dict.fromkeys(("secret_file", "oidc_client_secret_file"), secret)
    settings = read_settings(LoginSettings).model_copy(update=given)
    host = read_settings(DeskSettings).http_host
    login = create_login(settings, host, CollectorRegistry(), utc_now)
    ingress = named(overlay, "Ingress")["desk"]["spec"]
    (rule,), (tls,) = ingress["rules"], ingress["tls"]
    assert login.url == f"https://{rule['host']}"
    assert tls["hosts"] == [rule["host"]]
    (path,) = rule["http"]["paths"]
    leads_to = path["backend"]["service"]
    (port,) = named(overlay, "Service")[leads_to["name"]]["spec"]["ports"]
    assert (port["name"], port["targetPort"]) == (leads_to["port"]["name"], "http")


def test_the_lag_is_read_as_the_service(
    overlay: str, service: str, environment: dict[str, str]
) -> None:
    """KEDA connects as the service does: same brokers, user, password and authority."""
    if service not in SCALED:
        assert service not in named(overlay, "TriggerAuthentication")
        return
    for trigger in triggers_of(overlay, service):
        given = trigger["metadata"]
        spec = named(overlay, "TriggerAuthentication")[trigger["authenticationRef"]["name"]]["spec"]
        secrets = {
            each["parameter"]: (each["name"], each["key"]) for each in spec["secretTargetRef"]
        }
        read = {each["parameter"]: environment[each["name"]] for each in spec["env"]}
        assert secrets == {"password": (service, "password"), "ca": (AUTHORITY, "ca.crt")}
        assert read == {"username": service}
        assert given["bootstrapServersFromEnv"] == "KAFKA_BOOTSTRAP_SERVERS"
        assert (given["sasl"], given["tls"]) == ("scram_sha512", "enable")
