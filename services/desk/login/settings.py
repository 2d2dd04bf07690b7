"""Who may sign in at the desk: its settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class LoginSettings(BaseSettings):
    """Read from `DESK_…`, beside the desk's own."""

    model_config = SettingsConfigDict(env_prefix="DESK_", frozen=True)

    login: Literal["oidc", "none"] = Field(
        "oidc",
        description="How people sign in: `oidc` at their organisation's OpenID provider; `none` "
        "lets everybody in as everything, on this machine alone.",
    )
    url: str | None = Field(
        None, description="The address at which people open it: `https://desk.example.org`."
    )
    oidc_issuer: str | None = Field(
        None, description="The provider's issuer, letter by letter as its tokens have it."
    )
    oidc_client_id: str | None = Field(None, description="What the desk is called there.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="What it proves itself with there; none for a public client."
    )
    oidc_client_secret_file: Path | None = Field(
        None, description="A file with that secret instead, such as a mounted one."
    )
    oidc_roles_claim: str = Field(
        "roles",
        description="The claim of the ID token that has the roles; the path to it with dots: "
        "`realm_access.roles`.",
        min_length=1,
    )
    oidc_scope: str = Field(
        "openid", description="What is asked for: some providers give roles for one more scope."
    )
    oidc_cafile: Path | None = Field(
        None, description="PEM file of the provider's authority, where it is one of your own."
    )
    secret: SecretStr | None = Field(
        None,
        description="What sessions, forms and pseudonyms are signed with, 32 characters at least; "
        "of several, with blanks between, the first signs and all hold.",
    )
    secret_file: Path | None = Field(
        None, description="A file with that secret instead, or one a line."
    )
    session_hours: float = Field(
        8, description="How long one is signed in; roles are read anew after that.", gt=0, le=24
    )
