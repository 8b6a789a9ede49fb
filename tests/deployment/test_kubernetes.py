"""deploy/kubernetes: each object is valid, they fit each other, and they fit the service."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from deployment.files import GRACE, ROOT, check_command, settings_of
from deployment.kubernetes_types import check_object
from support import running, settings_for

from taskward import __version__

FOLDER = ROOT / "deploy/kubernetes"
KUSTOMIZATIONS = {
    name: yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text("utf-8"))
    for name in (".", "migration")
}
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS: dict[str, dict[str, Any]] = {
    document["kind"]: document for path in FILES for document in yaml.safe_load_all(path.read_text("utf-8"))
}
DEPLOYMENT, JOB = OBJECTS["Deployment"]["spec"], OBJECTS["Job"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(CONTAINER,) = POD["containers"]
LABELS = DEPLOYMENT["template"]["metadata"]["labels"]
SECRET = {"DATABASE_URL": "postgresql://taskward:x@db.example.com/taskward?sslmode=verify-full"}
DEFAULT_MAX_CONNECTIONS = 100
RESERVED_CONNECTIONS = 3
"""Of a default PostgreSQL: superuser_reserved_connections."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_an_object_is_valid(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text("utf-8")):
        check_object(document)


@pytest.mark.parametrize(
    ("kind", "path", "value", "problem"),
    [
        ("Deployment", "spec.template.spec.terminationGraceSeconds", 40, "a field is unknown"),
        (
            "Deployment",
            "spec.template.spec.containers.0.ports.0.containerPort",
            "8000",
            "Expected `int`, got `str`",
        ),
        (
            "Deployment",
            "spec.template.spec.containers.0.startupProbe.httpGet.port",
            [],
            "Expected `int | str`, got `array`",
        ),
        ("Deployment", "spec.selector", None, "missing required field `selector`"),
        ("NetworkPolicy", "spec.ingress.1.from.0.namespaceSelector.labels", {}, "a field is unknown"),
        (
            "Job",
            "spec.template.spec.securityContext.runAsNonRoot",
            "true",
            "Expected `bool | null`, got `str`",
        ),
    ],
)
def test_a_wrong_object_is_noticed(kind: str, path: str, value: object, problem: str) -> None:
    wrong = deepcopy(OBJECTS[kind])
    *parents, last = path.split(".")
    place: Any = wrong
    for name in parents:
        place = place[int(name) if name.isdecimal() else name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises((AssertionError, msgspec.ValidationError), match=re.escape(problem)):
        check_object(wrong)


def test_every_file_belongs_to_a_kustomization() -> None:
    listed = {
        (FOLDER / name / resource).resolve()
        for name, one in KUSTOMIZATIONS.items()
        for resource in one["resources"]
    }
    assert listed == set(FILES)
    known = {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator"}
    assert all(set(one) <= known for one in KUSTOMIZATIONS.values())


def test_both_kustomizations_use_one_image_of_this_version() -> None:
    (service,), (migration,) = (one["images"] for one in KUSTOMIZATIONS.values())
    assert service == migration
    assert service["newTag"] == __version__
    assert {CONTAINER["image"], JOB["template"]["spec"]["containers"][0]["image"]} == {service["name"]}
    assert len({one["namespace"] for one in KUSTOMIZATIONS.values()}) == 1


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    """Returns the environment of a container: ConfigMap, Secret and its own, which has precedence."""
    (generated,) = KUSTOMIZATIONS["."]["configMapGenerator"]
    config = dict(literal.split("=", 1) for literal in generated["literals"])
    sources = {("configMapRef", generated["name"]): config, ("secretRef", "taskward"): SECRET}
    environment: dict[str, str] = {}
    for source in container["envFrom"]:
        ((kind, reference),) = source.items()
        environment |= sources[kind, reference["name"]]
    return environment | {one["name"]: one["value"] for one in container["env"]}


def test_the_settings_are_valid_in_production() -> None:
    settings = settings_of(environment_of(CONTAINER))
    assert settings.production
    assert settings.jwt_issuer
    assert settings.jwt_audiences
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}
    assert settings.host == settings.metrics_host == "0.0.0.0"  # noqa: S104 - of the pod


def test_the_migration_needs_the_database_alone() -> None:
    (container,) = JOB["template"]["spec"]["containers"]
    assert settings_of(environment_of(container)).engine == "postgresql"
    assert container["command"] == ["taskward", "migrate"]
    assert JOB["template"]["spec"]["restartPolicy"] == "Never"


def test_the_commands_exist() -> None:
    for container in (CONTAINER, JOB["template"]["spec"]["containers"][0]):
        check_command(container["command"])


async def test_the_probes_use_paths_that_the_service_serves() -> None:
    paths = {
        name: CONTAINER[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/health", "liveness": "/health", "readiness": "/health/ready"}
    async with running(settings_for("sqlite://")) as app:
        assert set(paths.values()) <= {getattr(route, "path", "") for route in app.routes}
    for name in paths:
        assert CONTAINER[f"{name}Probe"]["httpGet"]["port"] == "http"


def test_a_pod_has_its_time_to_stop_after_the_pre_stop_hook() -> None:
    waited = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] == waited + GRACE


def test_objects_select_the_pods_of_the_service() -> None:
    assert LABELS.items() >= DEPLOYMENT["selector"]["matchLabels"].items()
    for selector in (
        OBJECTS["Service"]["spec"]["selector"],
        OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        *[one["labelSelector"]["matchLabels"] for one in POD["topologySpreadConstraints"]],
    ):
        assert selector == LABELS
        assert not JOB["template"]["metadata"]["labels"].items() >= selector.items()
    target = OBJECTS["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", OBJECTS["Deployment"]["metadata"]["name"])
    names = {port["name"] for port in CONTAINER["ports"]}
    assert {port["targetPort"] for port in OBJECTS["Service"]["spec"]["ports"]} <= names
    rules = OBJECTS["NetworkPolicy"]["spec"]["ingress"]
    assert {rule["ports"][0]["port"]: "from" in rule for rule in rules} == {"http": False, "metrics": True}


def test_the_pods_have_no_rights() -> None:
    """The profile "restricted" of the Pod Security Standards, and a read-only root."""
    for pod in (POD, JOB["template"]["spec"]):
        assert pod["automountServiceAccountToken"] is False
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (
            f"USER {security['runAsUser']}:{security['runAsGroup']}" in (ROOT / "Containerfile").read_text()
        )
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"].keys() == {"memory"}
    assert [mount["mountPath"] for mount in CONTAINER["volumeMounts"]] == ["/tmp"]  # noqa: S108 - of the pod


def test_an_update_and_an_eviction_leave_pods_and_connections() -> None:
    scaling = OBJECTS["HorizontalPodAutoscaler"]["spec"]
    update = DEPLOYMENT["strategy"]["rollingUpdate"]
    assert update["maxUnavailable"] == 0
    assert "replicas" not in DEPLOYMENT, "kubectl apply would undo the autoscaler's number"
    assert OBJECTS["PodDisruptionBudget"]["spec"]["maxUnavailable"] < scaling["minReplicas"]
    settings = settings_of(environment_of(CONTAINER))
    pods = scaling["maxReplicas"] + update["maxSurge"]
    connections = pods * settings.workers * settings.database_pool_size
    assert connections + 2 <= DEFAULT_MAX_CONNECTIONS - RESERVED_CONNECTIONS, "two are for the migration"


def test_the_documents_are_json_too() -> None:
    """Nothing in them has a type that YAML guesses, such as a date or an octal number."""
    assert json.loads(json.dumps(OBJECTS)) == OBJECTS
