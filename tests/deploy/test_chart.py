"""What Helm renders of the chart for three sets of values."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.charts import (
    CHART,
    NAMESPACE,
    RELEASE,
    SETS,
    at,
    container,
    helm,
    knows,
    manifest,
    needs_helm,
    objects,
    pods,
    rendered,
)

pytestmark = needs_helm
MINIMAL, AWS, EVERYTHING = (CHART / "ci" / f"{name}.yaml" for name in ("minimal", "aws", "everything"))
each_set = pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
URL = "postgresql://app:secret@db/app"


@each_set
def test_helm_has_no_complaint(values: Path) -> None:
    helm("lint", "--strict", CHART, "--values", values)


@each_set
def test_no_pod_may_do_what_it_need_not(values: Path) -> None:
    for kind, pod in pods(rendered(values)).items():
        whole = at(pod, "spec")
        assert at(whole, "securityContext") == {
            "runAsNonRoot": True,
            **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), 10001),
            "seccompProfile": {"type": "RuntimeDefault"},
        }, kind
        assert at(whole, "automountServiceAccountToken") is False
        assert at(whole, "enableServiceLinks") is False
        assert at(container(pod), "securityContext") == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert at(container(pod), "resources", "limits", "memory")


@each_set
def test_no_secret_is_in_a_manifest(values: Path) -> None:
    manifests = rendered(values)
    assert "Secret" not in {at(one, "kind") for one in manifests}
    plain = {
        str(at(one, "name")): str(at(one, "value"))
        for pod in pods(manifests).values()
        for one in objects(container(pod), "env")
        if at(one, "value") is not None
    }
    assert not {name for name in plain if name.endswith(("_URL", "TOKEN", "KEY")) and name != "STORAGE_URL"}
    assert "://" not in "".join(plain.values()).replace("s3://", "").replace("http://collector", "")


@each_set
def test_the_settings_are_taken_by_the_service(
    values: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = rendered(values)
    given = at(manifest("ConfigMap", "", manifests), "data")
    for pod in pods(manifests).values():
        folder = tmp_path / str(at(pod, "metadata", "labels", "app.kubernetes.io/component"))
        environment = variables(pod, given, mounted(pod, folder))
        monkeypatch.setattr(os, "environ", environment)
        settings = Settings(_env_file=None)
        assert settings.database_url.get_secret_value() == URL
        assert settings.predict_timeout == float(environment.get("PREDICT_TIMEOUT", 70))
        assert settings.owner_url.get_secret_value() == URL
        assert environment.keys() - {name.upper() for name in Settings.model_fields} <= {
            *("SECRETS_DIR", "MODELS_TOKEN", "AWS_REGION", "OTEL_EXPORTER_OTLP_ENDPOINT")
        }


def mounted(pod: JsonValue, folder: Path) -> Path:
    """The folder with the secrets' files, where the pod mounts it."""
    folder.mkdir()
    for volume in objects(pod, "spec", "volumes"):
        for source in objects(volume, "projected", "sources"):
            for item in objects(source, "secret", "items"):
                (folder / str(at(item, "path"))).write_text(URL)
    return folder


def variables(pod: JsonValue, given: JsonValue, secrets: Path) -> dict[str, str]:
    """What a process in the container finds; of each Secret URL."""
    found = dict[str, str]()
    if at(container(pod), "envFrom", 0, "configMapRef") and isinstance(given, dict):
        found = {name: str(value) for name, value in given.items()}
    for one in objects(container(pod), "env"):
        value = at(one, "value")
        assert value is None or isinstance(value, str)
        found[str(at(one, "name"))] = URL if value is None else value
    if path := found.get("SECRETS_DIR"):
        assert path in [at(mount, "mountPath") for mount in objects(container(pod), "volumeMounts")]
        found["SECRETS_DIR"] = str(secrets)
    return found


def test_the_commands_are_those_of_the_service() -> None:
    found = {kind: container(pod) for kind, pod in pods(rendered(EVERYTHING)).items()}
    script = str(at(found.pop("first-key"), "command", 2))
    (of_a_key,) = re.findall(r"^python -m app (.*) \|\|", script)
    given = [of_a_key.split(), *(objects(one, "args") for one in found.values())]
    assert len(given) == 5
    assert all(arguments and knows(arguments) for arguments in given)
    assert not knows(["serve", "--processes", "2"])


@each_set
def test_a_pod_has_the_time_that_its_end_takes(values: Path) -> None:
    manifests = rendered(values)
    settings = at(manifest("ConfigMap", "", manifests), "data")
    delay, timeout = (
        float(str(at(settings, name) or default))
        for name, default in (("SHUTDOWN_DELAY", 0), ("PREDICT_TIMEOUT", 70))
    )
    ends = {kind: at(pod, "spec", "terminationGracePeriodSeconds") for kind, pod in pods(manifests).items()}
    api, worker = ends["api"], ends["worker"]
    assert isinstance(api, int)
    assert isinstance(worker, int)
    assert api > delay + 2 * timeout
    assert worker > timeout + 20


@each_set
def test_what_finds_pods_finds_those_it_means(values: Path) -> None:
    manifests = rendered(values)
    labels = {kind: at(pod, "metadata", "labels") for kind, pod in pods(manifests).items()}
    for one in manifests:
        selector = at(one, "spec", "selector", "matchLabels") or at(one, "spec", "podSelector", "matchLabels")
        if at(one, "kind") == "Service":
            selector = at(one, "spec", "selector")
        if isinstance(selector, dict):
            kind = str(at(one, "metadata", "labels", "app.kubernetes.io/component"))
            mine = labels[kind]
            assert isinstance(mine, dict)
            assert selector.items() <= mine.items()
            assert selector["app.kubernetes.io/component"] == kind


@each_set
def test_a_migration_needs_nothing_of_its_own_release(values: Path) -> None:
    manifests = rendered(values)
    made = {str(at(one, "metadata", "name")) for one in manifests if at(one, "kind") != "Job"}
    spec = at(pods(manifests)["migrate"], "spec")
    assert at(spec, "serviceAccountName") not in made
    assert at(container({"spec": spec}), "envFrom") is None


@each_set
def test_only_a_migration_sees_the_owners_url(values: Path) -> None:
    seeing = {kind for kind, pod in pods(rendered(values)).items() if "owner" in str(at(pod, "spec"))}
    assert seeing == (set() if values == MINIMAL else {"migrate"})


def test_a_worker_is_ready_while_its_file_is_touched(tmp_path: Path) -> None:
    worker = container(pods(rendered(MINIMAL))["worker"])
    command = [str(part) for part in objects(worker, "readinessProbe", "exec", "command")]
    assert command == objects(worker, "livenessProbe", "exec", "command")
    file = tmp_path / "worker.alive"

    def is_ready() -> bool:
        environment = os.environ | {"WORKER_ALIVE_FILE": str(file)}
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0

    assert not is_ready()
    file.touch()
    assert is_ready()
    os.utime(file, (1, 1))
    assert not is_ready()


def test_numbers_stay_what_they_are() -> None:
    options = ("--set", "settings.MAX_BODY_BYTES=123456789,settings.FAILURE_HOLD=0.25")
    settings = at(manifest("ConfigMap", "", rendered(EVERYTHING, *options)), "data")
    assert at(settings, "MAX_IMPORT_BYTES") == "4000000000"
    assert at(settings, "MAX_BODY_BYTES") == "123456789"
    assert at(settings, "FAILURE_HOLD") == "0.25"
    assert at(settings, "DASHBOARD") == "false"


def test_another_setting_makes_other_pods() -> None:
    def sums(*options: str) -> set[JsonValue]:
        found = pods(rendered(MINIMAL, *options))
        return {
            str(at(found[kind], "metadata", "annotations", "checksum/settings")) for kind in ("api", "worker")
        }

    one, same, other = sums(), sums("--set", "api.replicas=3"), sums("--set", "settings.LOG_LEVEL=ERROR")
    assert len(one) == 1
    assert one == same
    assert one != other


@pytest.mark.parametrize("release", ["a" * 53, "churn.blue", f"{'a' * 49}.b", CHART.name])
def test_names_are_such_as_kubernetes_takes(release: str) -> None:
    for one in rendered(EVERYTHING, release=release):
        assert re.fullmatch("[a-z]([a-z0-9-]{0,61}[a-z0-9])?", str(at(one, "metadata", "name")))


def test_an_upgrade_makes_no_first_key() -> None:
    assert "first-key" in pods(rendered(EVERYTHING))
    assert "first-key" not in pods(rendered(EVERYTHING, "--is-upgrade"))


def test_the_names_of_an_ingress_are_allowed() -> None:
    def allowed(*options: str) -> JsonValue:
        return at(manifest("ConfigMap", "", rendered(AWS, *options)), "data", "ALLOWED_HOSTS")

    service = f"{RELEASE}-{CHART.name}.{NAMESPACE}"
    assert allowed() == f"churn.example.com,{service},{service}.svc"
    assert allowed("--set", "settings.ALLOWED_HOSTS=*") == "*"
    assert allowed("--set", "ingress.hosts={}") is None
    assert allowed("--set", "ingress.enabled=false") is None
