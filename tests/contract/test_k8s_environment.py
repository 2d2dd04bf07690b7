from pathlib import PurePath

import pytest
from pydantic_settings import BaseSettings

from services.app.settings import ServiceSettings
from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.router.settings import RouterSettings
from services.settings import read_settings
from services.settler.settings import SettlerSettings
from tests.contract.manifests import (
    AUTHORITY,
    OVERLAYS,
    SERVICES,
    container_of,
    environment_of,
    named,
    pod_of,
    triggers_of,
)

SETTINGS: dict[str, type[ServiceSettings]] = {
    "classifier": ClassifierSettings,
    "router": RouterSettings,
    "settler": SettlerSettings,
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
    (volume,) = pod_of(overlay, service)["spec"]["volumes"]
    (mount,) = container_of(overlay, service)["volumeMounts"]
    secrets = [source["secret"] for source in volume["projected"]["sources"]]
    mounted = {
        str(PurePath(mount["mountPath"]) / item["path"]): (secret["name"], item["key"])
        for secret in secrets
        for item in secret["items"]
    }
    assert mount["name"] == volume["name"]
    assert mounted == {
        environment["KAFKA_SASL_PASSWORD_FILE"]: (service, "password"),
        environment["KAFKA_SSL_CAFILE"]: (AUTHORITY, "ca.crt"),
    }


def test_the_lag_is_read_as_the_service(
    overlay: str, service: str, environment: dict[str, str]
) -> None:
    """KEDA connects as the service does: same brokers, user, password and authority."""
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
