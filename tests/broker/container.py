"""A service in a container, as its pod has it; crun runs it, on this machine's network."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from services.local.processes.service_process import ServiceProcess
from tests.broker.images import Image
from tests.contract.manifests import Manifest, container_of, environment_of, pod_of

OVERLAY = "production"
# What a container may ask of the kernel where nothing else is said: Kubernetes' RuntimeDefault.
SECCOMP = Path("/usr/share/containers/seccomp.json")
# A machine's name for itself: the profile's two.
ARCHITECTURES = {
    "x86_64": ("amd64", "SCMP_ARCH_X86_64"),
    "aarch64": ("arm64", "SCMP_ARCH_AARCH64"),
}
# A pod's own network would not see a broker on 127.0.0.1, and limits of memory ask for cgroups,
# which not every machine lets us have.
SHARED = ("network", "cgroup")
# crun takes no machine with both generations of cgroups, as long as it sees them. It waits for all
# children, so the watcher must be none of its own; the shell hands on what stops it. What it runs
# is of another session, which the watcher ends where the shell is killed; each start has a name.
RUN = """
mount -t cgroup2 none /sys/fs/cgroup
setsid sh -c 'while kill -0 "$1"; do sleep 1; done; crun --root "$2" delete --force "$3"' \
    sh $$ "$1" "$2-$$" </dev/null >/dev/null 2>&1 &
crun --root "$1" --cgroup-manager=disabled run --bundle "$3" "$2-$$" &
trap 'kill -s TERM $!' TERM
set +e
while wait $!; code=$?; kill -0 $! 2>/dev/null; do :; done
exit $code
"""


@dataclass(frozen=True)
class Pod:
    """What a service's manifest says of its one container.

    Args:
        name: The service.
        image: Its image.
        secrets: What the Secrets hold, by the Secret's name and the key in it.
    """

    name: str
    image: Image
    secrets: Mapping[tuple[str, str], bytes]

    def bundle(
        self, folder: Path, environment: Mapping[str, str], command: Sequence[str] = ()
    ) -> None:
        """Write what crun is to run: the pod's own command, or another."""
        folder.mkdir()
        subprocess.run(["crun", "spec"], cwd=folder, check=True)
        config = folder / "config.json"
        spec = json.loads(config.read_text())
        pod = pod_of(OVERLAY, self.name)["spec"]
        container = container_of(OVERLAY, self.name)
        user, rights = pod["securityContext"], container["securityContext"]
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert user["seccompProfile"] == {"type": "RuntimeDefault"}
        variables = self.image.environment | environment_of(OVERLAY, self.name) | dict(environment)
        spec["process"] = {
            "user": {
                "uid": user["runAsUser"],
                "gid": user["runAsGroup"],
                "additionalGids": [user["fsGroup"]],
            },
            "args": [*(command or container["command"])],
            "env": [f"{name}={value}" for name, value in variables.items()],
            "cwd": "/",
            "capabilities": {},
            "noNewPrivileges": not rights["allowPrivilegeEscalation"],
        }
        spec["root"] = {
            "path": str(self.image.root),
            "readonly": rights["readOnlyRootFilesystem"],
        }
        spec["mounts"] = [
            *(each for each in spec["mounts"] if each["type"] != "cgroup"),
            *self._mounts(folder, pod, container),
        ]
        linux = spec["linux"]
        linux["namespaces"] = [each for each in linux["namespaces"] if each["type"] not in SHARED]
        linux["seccomp"] = seccomp()
        config.write_text(json.dumps(spec))

    def _mounts(self, folder: Path, pod: Manifest, container: Manifest) -> list[dict[str, Any]]:
        """Write what the Secrets hold, as a kubelet does, and return where it is mounted."""
        volumes = {each["name"]: each["projected"] for each in pod["volumes"]}
        mounts = []
        for mount in container["volumeMounts"]:
            source, volume = folder / mount["name"], volumes[mount["name"]]
            source.mkdir()
            for secret in (each["secret"] for each in volume["sources"]):
                for item in secret["items"]:
                    path = source / item["path"]
                    path.write_bytes(self.secrets[secret["name"], item["key"]])
                    os.chown(path, -1, pod["securityContext"]["fsGroup"])
                    path.chmod(volume["defaultMode"])
            options = ["rbind", "ro" if mount["readOnly"] else "rw"]
            mounts.append(
                {
                    "destination": mount["mountPath"],
                    "type": "bind",
                    "source": str(source),
                    "options": options,
                }
            )
        return mounts

    def run(
        self, folder: Path, command: Sequence[str], **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of its own, and wait for its end."""
        self.bundle(folder, settings, command)
        return subprocess.run(running(folder), capture_output=True, text=True, check=False)


class Container(ServiceProcess):
    """A service as its pod runs it, but where it listens and what it is told beside that.

    Args:
        pod: What its manifest says.
        servers: The brokers, for the pod's own user.
        folder: For its log and what crun needs.
        settings: Those that are other than the manifest's.
    """

    def __init__(self, pod: Pod, servers: str, folder: Path, settings: Mapping[str, str]) -> None:
        self._bundle = folder / f"{pod.name}-bundle"
        super().__init__(pod.name, servers, folder)
        prefix = pod.name.upper()
        pod.bundle(
            self._bundle,
            {
                "KAFKA_BOOTSTRAP_SERVERS": servers,
                f"{prefix}_HTTP_HOST": "127.0.0.1",
                f"{prefix}_HTTP_PORT": str(self.port),
                **settings,
            },
        )

    def _command_of(self, name: str) -> Sequence[str]:
        return running(self._bundle)

    @property
    def cpu_seconds(self) -> float:
        """What the processes in the container have used so far."""
        children = psutil.Process(self.pid).children(recursive=True)
        times = [each.cpu_times() for each in children if each.uids().real != os.getuid()]
        return float(sum(each.user + each.system for each in times))


def running(bundle: Path) -> list[str]:
    """Return what runs a container, with mounts that nobody else sees."""
    state, name = bundle.with_name("crun"), f"{bundle.parent.name}-{bundle.name}"
    return ["unshare", "--mount", "sh", "-ec", RUN, "sh", str(state), name, str(bundle)]


def seccomp() -> dict[str, Any]:
    """Return the profile that engines take by themselves, for a process without capabilities."""
    profile = json.loads(SECCOMP.read_text())
    architecture, name = ARCHITECTURES[platform.machine()]
    [names] = [each for each in profile["archMap"] if each["architecture"] == name]
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [name, *names["subArchitectures"]],
        "syscalls": [
            {key: each[key] for key in ("names", "action", "args", "errnoRet") if each.get(key)}
            for each in profile["syscalls"]
            if not each["includes"].get("caps")
            and architecture in each["includes"].get("arches", [architecture])
        ],
    }
