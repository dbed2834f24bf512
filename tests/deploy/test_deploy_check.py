"""What `shardline deploy check` finds: each mistake is one line that names it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.commands import shardline
from tests.kit.stacks import REPOSITORY


@dataclass
class Deployment:
    """A copy of `deploy/`, to make mistakes in."""

    folder: Path

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def parameter(self, name: str, value: str | None) -> None:
        path = self.folder / "parameters.json"
        listed = json.loads(path.read_text(encoding="utf-8"))
        others = [one for one in listed if one["ParameterKey"] != name]
        if value is not None:
            others.append({"ParameterKey": name, "ParameterValue": value})
        path.write_text(json.dumps(others), encoding="utf-8")

    def check(self, *options: str) -> list[str]:
        """The lines that tell what is wrong."""
        files = [
            *("--template", str(self.folder / "shardline.yaml")),
            *("--parameters", str(self.folder / "parameters.json")),
            *("--config", str(self.folder / "luigi.cfg")),
        ]
        result = CliRunner().invoke(shardline, ["deploy", "check", *files, *options])
        if result.exception and not isinstance(result.exception, SystemExit):
            return [str(result.exception)]
        assert result.exit_code == (2 if result.stderr else 0), result.output
        return result.stderr.splitlines()


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.chdir(REPOSITORY)
    shutil.copytree(REPOSITORY / "deploy", tmp_path / "deploy")
    return Deployment(tmp_path / "deploy")


@pytest.fixture
def quick(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Without the process that reads the configuration, for what it does not see."""
    monkeypatch.setattr(
        "pipelines.deploy.configuration._value_faults", lambda *_: iter(())
    )
    return deployment


OWN = {
    "WAREHOUSE_PASSWORD": "own%2Fone",
    "SQLSERVER_PASSWORD": "own-two",
    "MAIL_PASSWORD": "own-three",
    "TELEGRAM_TOKEN": "123456:own-four",
}


def test_nothing_is_wrong_with_what_the_repository_has(deployment: Deployment) -> None:
    assert deployment.check() == []
    secrets = deployment.folder / "secrets.json"
    secrets.write_text(json.dumps(OWN), encoding="utf-8")
    assert deployment.check("--secrets", str(secrets)) == []


def test_each_secret_that_is_the_examples_is_refused(deployment: Deployment) -> None:
    example = deployment.folder / "secrets.example.json"
    shown = json.loads(example.read_text(encoding="utf-8"))
    assert shown.keys() == OWN.keys()
    assert deployment.check("--secrets", str(example)) == [
        f"secret {key}: it still has the value of the example, which everybody knows:"
        " write your own"
        for key in shown
    ]


def test_a_server_at_a_port_that_runs_are_not_let_out_to_is_named(
    deployment: Deployment,
) -> None:
    deployment.edit("luigi.cfg", "@sql-1.example.com", "@sql-1.example.com:14330")
    deployment.edit("luigi.cfg", "@vertica-1.example.com,", "@vertica-1:15433,")
    deployment.edit("luigi.cfg", "@relay.example.com/", "@relay.example.com:2525/")
    lines = deployment.check()
    for line, told in zip(
        lines,
        (
            "connection warehouse is at vertica-1:15433,",
            "connection mssql_1 is at sql-1.example.com:14330,",
            "connection mail is at relay.example.com:2525,",
        ),
        strict=True,
    ):
        assert f"{told} and no rule lets runs out to that port: set Sql" in line
    deployment.parameter("SqlServerPort", "14330")
    deployment.parameter("WarehousePort", "15433")
    deployment.parameter("MailPort", "2525")
    told = "\n".join(deployment.check())
    assert not any(f":{port}, and no rule" in told for port in (14330, 15433, 2525))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Vpc", None, "parameter Vpc is not given: The network from which"),
        ("Vpc", "my-vpc", "parameter Vpc: 'my-vpc' has another form"),
        (
            "Cpus",
            "2",
            "parameter Cpus: the template has none of that name; perhaps",
        ),
        (
            "Capacity",
            "SPOT",
            "parameter Capacity: 'SPOT' is none of FARGATE",
        ),
        ("Workers", "many", "parameter Workers: 'many' is no number from 1 to 64"),
        ("Workers", "65", "parameter Workers: '65' is no number from 1 to 64"),
        ("ConnectionsSecret", "shardline", "parameter ConnectionsSecret: 'shardline'"),
        ("PipelinesImage", "shardline", "parameter PipelinesImage: 'shardline' has"),
        (
            "PipelinesImage",
            "registry/shardline:latest",
            (
                "PipelinesTask, container pipelines: image 'registry/shardline:latest'"
                " may be another one tomorrow: name a version or a digest"
            ),
        ),
        (
            "LuigidImage",
            "Registry/Shardline:1",
            "LuigidTask, container luigid: image 'Registry/Shardline:1' is no",
        ),
        (
            "Memory",
            "16384",
            (
                "PipelinesTask: Fargate has no 16384 MiB with 1024 CPU units, but 2048"
                " to 8192 MiB"
            ),
        ),
        (
            "TimeZone",
            "Europe/Moskau",
            "schedule Load: there is no time zone 'Europe/Moskau'",
        ),
        (
            "LoadAt",
            "cron(30 25 * * ? *)",
            "schedule Load: cron(30 25 * * ? *): '25' is no hours (0-23)",
        ),
        (
            "LoadAt",
            "30 3 * * *",
            "schedule Load: 30 3 * * *: write cron(…) with six fields, rate(…) or",
        ),
    ],
)
def test_a_wrong_parameter_is_one_line(
    quick: Deployment, name: str, value: str | None, told: str
) -> None:
    quick.parameter(name, value)
    lines = quick.check()
    assert [line for line in lines if line.startswith(told)], lines


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '{"name": "pipelines", "command":\n          ["run", "all", "--last", "1"',
            '{"name": "shardline", "command":\n          ["run", "all", "--last", "1"',
            (
                "schedule Load: PipelinesTask has no container 'shardline', so its"
                " command would go nowhere"
            ),
        ),
        (
            '["refresh", "--last", "1"',
            '["refesh", "--last", "1"',
            (
                "schedule Reports: `shardline refesh --last 1 --workers 4` is refused:"
                " No such command 'refesh'."
            ),
        ),
        (
            '["run", "all", "--last", "1"',
            '["run", "all", "--last", "0"',
            (
                "schedule Load: `shardline run all --last 0 --workers 4` is refused:"
                " Invalid value for '--last': 0 is not in the range 1<=x<=366."
            ),
        ),
        (
            '["refresh", "--last", "1", "--workers", "${Workers}"]}]}',
            '["refresh", "--last", "1", "--workers", "${Workers}"]]}',
            (
                "schedule Reports: its Input is not JSON with one command in"
                " containerOverrides"
            ),
        ),
        (
            "EntryPoint: [shardline]",
            "EntryPoint: [luigi]",
            "PipelinesTask: its EntryPoint is ['luigi'], not shardline",
        ),
        (
            "StopTimeout: 60",
            "StopTimeout: 1200",
            (
                "PipelinesTask, container pipelines: StopTimeout 1200 is longer than"
                " Fargate waits, 120 s"
            ),
        ),
        (
            "ContainerPort: 8082",
            "ContainerPort: 80820",
            "LuigidTask, container luigid: there is no port 80820",
        ),
        (
            "      Name: luigid\n",
            "      Name: scheduler\n",
            (
                "PipelinesTask: http://luigid.shardline.internal:8082 is not where"
                " luigid is; Cloud Map has scheduler.shardline.internal"
            ),
        ),
        (
            "SourceSecurityGroupId: !Ref PipelinesGroup",
            "SourceSecurityGroupId: !Ref PipelineGroup",
            "'PipelineGroup' is neither a parameter nor a resource",
        ),
        (
            "Condition: OwnDatabase",
            "Condition: OwnDatabases",
            "there is no condition 'OwnDatabases'",
        ),
        (
            "- {Name: WAREHOUSE_PASSWORD,",
            "- {Name: WAREHOUSE,",
            (
                "luigi.cfg [connections] warehouse asks for"
                " ${WAREHOUSE_PASSWORD}, which PipelinesTask has neither in"
                " Environment nor in Secrets: add it to the template"
            ),
        ),
        (
            "!GetAtt Cluster.Arn",
            "!ImportValue Cluster",
            (
                "the template uses Fn::ImportValue in a form that is not known here;"
                " write it with Ref, GetAtt, Sub, If, Equals or Not"
            ),
        ),
        (
            "Resources:",
            "Resource:",
            "is no CloudFormation template: it has no Resources",
        ),
        ("Resources:", "Resources: {", "is not YAML: "),
    ],
)
def test_a_mistake_in_the_template_is_one_line(
    quick: Deployment, old: str, new: str, told: str
) -> None:
    quick.edit("shardline.yaml", old, new)
    lines = quick.check()
    assert [line for line in lines if told in line], lines


BOT = "          Command: [bot]\n"
"""Where the template has the bot's command."""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            BOT,
            "          Command: [bott]\n",
            "service BotService: `shardline bott` is refused: No such command 'bott'.",
        ),
        (
            '!Sub "${JobsAtATime}"',
            '"0"',
            (
                "service JobsService: `shardline jobs work --workers 0` is refused:"
                " Invalid value for '--workers': 0 is not in the range 1<=x<=100."
            ),
        ),
        (
            "StopTimeout: 60 # seconds; longer than [run] grace and ten",
            "StopTimeout: 20",
            (
                "JobsTask, container pipelines: StopTimeout 20 is not longer than the"
                " 25 s that a run takes at most to end"
            ),
        ),
    ],
)
def test_a_mistake_in_a_service_is_one_line(
    quick: Deployment, old: str, new: str, told: str
) -> None:
    quick.edit("shardline.yaml", old, new)
    assert quick.check() == []
    quick.parameter("Bot", "ENABLED")
    (line,) = quick.check()
    assert told in line


def test_a_variable_that_no_container_gets_is_named_with_its_option(
    quick: Deployment,
) -> None:
    path = quick.folder / "luigi.cfg"
    path.write_text(path.read_text(encoding="utf-8") + "\nmine = ${MY_SECRET}\n")
    (line,) = quick.check()
    assert "luigi.cfg [alerts] mine asks for ${MY_SECRET}, which" in line


@pytest.mark.parametrize(
    ("grace", "stop", "told"),
    [
        ("", 25, "StopTimeout 25 is not longer than the 25 s that a run takes at most"),
        ("", 26, ""),
        (
            "70",
            60,
            "StopTimeout 60 is not longer than the 70 s that a run takes at most",
        ),
        ("5.5", 6, ""),
        ("${GRACE}", 60, "StopTimeout 60 is not longer than the 90 s that a run takes"),
    ],
)
def test_a_container_is_given_longer_to_end_than_its_runs_take(
    quick: Deployment, grace: str, stop: int, told: str
) -> None:
    quick.edit("shardline.yaml", "StopTimeout: 60", f"StopTimeout: {stop}")
    quick.edit(
        "shardline.yaml",
        "- {Name: LUIGI_SCHEDULER_URL,",
        '- {Name: GRACE, Value: "90"}\n            - {Name: LUIGI_SCHEDULER_URL,',
    )
    if grace:
        path = quick.folder / "luigi.cfg"
        options = f"\n[run]\ngrace = {grace}\n"
        path.write_text(path.read_text(encoding="utf-8") + options, encoding="utf-8")
    lines = quick.check()
    assert len(lines) == bool(told)
    assert all(f"PipelinesTask, container pipelines: {told}" in line for line in lines)


def test_a_key_that_the_secrets_lack_is_named(quick: Deployment) -> None:
    given = {("MAIL" if key == "MAIL_PASSWORD" else key): OWN[key] for key in OWN}
    secrets = quick.folder / "secrets.json"
    secrets.write_text(json.dumps(given), encoding="utf-8")
    assert quick.check("--secrets", str(secrets)) == [
        (
            "secret MAIL_PASSWORD: the secrets have no key 'MAIL_PASSWORD', and a"
            " container without it does not start: add it, or take the line out of the"
            " template"
        )
    ]


def test_secrets_that_shardline_would_not_take_are_told_without_their_values(
    deployment: Deployment,
) -> None:
    path = deployment.folder / "secrets.json"
    given = OWN | {"MAIL_PASSWORD": "hunter/2", "TELEGRAM_TOKEN": "hunter2"}
    path.write_text(json.dumps(given), encoding="utf-8")
    mail, telegram = deployment.check("--secrets", str(path))
    assert "luigi.cfg: connection mail ([connections] mail in luigi.cfg): " in mail
    assert "luigi.cfg: connection telegram ([connections]" in telegram
    assert "hunter" not in mail + telegram


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--template", "the template nowhere cannot be read"),
        ("--parameters", "the parameters nowhere cannot be read"),
        ("--config", "the configuration nowhere cannot be read"),
        ("--secrets", "the secrets nowhere cannot be read"),
    ],
)
def test_a_file_that_is_not_there_is_named(
    quick: Deployment, option: str, told: str
) -> None:
    (line,) = quick.check(option, "nowhere")
    assert line.startswith(told)


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "[{}]"])
def test_parameters_of_another_form_are_told(quick: Deployment, text: str) -> None:
    (quick.folder / "parameters.json").write_text(text, encoding="utf-8")
    (line,) = quick.check()
    assert "are not a JSON list of objects with ParameterKey" in line
