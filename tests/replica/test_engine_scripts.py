"""What a script starts by what it writes and gives to others, what of it is not seen, and which command serves."""

from typing import Any

import pytest

from function.api.engines import AnyEngine
from function.api.pod_template import Container
from function.replica.engines import EngineFacts, FlagValue, read_engine

IMAGE = "vllm/vllm-openai:v0.23.0"
SAYS = "engines[].serving.port says another"


def facts(*command: str, image: str = IMAGE, env: Any = ()) -> EngineFacts:
    """What is read of an engine by its command."""
    written = {"name": "engine", "image": image, "command": list(command), "env": list(env)}
    return read_engine(AnyEngine.model_validate({"name": "e"}), Container.model_validate(written))


def script(text: str, *positional: str, **written: Any) -> EngineFacts:
    """What is read of an engine that runs a script."""
    return facts("bash", "-c", text, *positional, **written)


@pytest.mark.parametrize(
    "text",
    [
        'set -- --port 9000 --x\nexec vllm serve m "$@"',
        'set -e; set -- "$@" --port 9000; vllm serve m "$@"',
        'set -- vllm serve m --port 9000\n[ -n "$Q" ] && set -- "$@" --quantization "$Q"\nexec "$@"',
        'shift; vllm serve m "$@"',
        'shift 1 && vllm serve m "$@"',
        'su - vllm -c "vllm serve m --port 9000"',
        "exec su vllm -s /bin/sh -c 'vllm serve m --port=$P'",
        "su -lc 'vllm serve m --port 9000' vllm",
        "runuser -u vllm -- vllm serve m --port 9000",
        "runuser -l vllm --command='vllm serve m --port 9000'",
        "cat > /tmp/r.sh <<'EOF'\nexec vllm serve m --port 9000\nEOF\nexec bash /tmp/r.sh",
        "cat <<EOF >r.sh && chmod +x r.sh && ./r.sh\nvllm serve m --port $P\nEOF\n",
        "cat > r.sh <<-'EOF'\n\tvllm serve m \"$@\"\n\tEOF\nsh r.sh --port 9000",
        'cat > r.sh <<EOF\necho "x" it\\\'s; vllm serve m --name \\"m\\" --port ${P}\nEOF\n. r.sh',
        "cat > x <<A > y\nvllm serve --port 1\nA\ntee r.sh <<EOF\nvllm serve m --port 9000\nEOF\nbash r.sh",
        "bash <<'EOF'\nvllm serve m --port 9000\nEOF",
        "bash -s -- --port 9000 <<'EOF'\nvllm serve m \"$@\"\nEOF",
        'bash <<< "vllm serve m --port 9000"',
        "echo 'set -e' > r.sh; echo 'vllm serve m --port 9000' >> r.sh; source r.sh",
        "serve() { ./server --port 9000; }; serve --port 1",
    ],
)
def test_what_a_script_writes_and_gives_to_others_is_gone_through_too(text: str) -> None:
    env = [{"name": "P", "value": "9000"}]
    assert script(text, "name", "first", "--port", "9000", env=env).port == FlagValue(9000)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("/bin/bash", "/scripts/start.sh"), "what /scripts/start.sh starts is not seen"),
        (("/scripts/start.sh",), "what /scripts/start.sh starts is not seen"),
        (("bash", "-c", "cd /x && exec ./start.sh"), "what ./start.sh starts is not seen"),
        (("bash", "-c", "set -e; . /scripts/start"), "what /scripts/start starts is not seen"),
        (("bash", "-c", "curl -s http://x | bash"), "what bash starts is not seen"),
        (("python3", "/app/serve.py"), "what serve.py starts is not seen"),
        (("supervisord", "-c", "/etc/s.conf"), "what supervisord starts is not seen"),
        (("bash", "-c", 'eval "$LAUNCH"'), "what ${LAUNCH} in its command holds is not known"),
        (("bash", "-c", "$LAUNCH"), "what ${LAUNCH} in its command holds is not known"),
        (("bash", "-c", "sed s/a/b/ x > r.sh; bash r.sh"), "what r.sh starts is not seen"),
        (
            ("bash", "-c", "if a; then echo vllm serve --port 1 >r.sh; else echo x >r.sh; fi; sh r.sh"),
            "what r.sh starts is not seen",
        ),
    ],
)
def test_what_starts_out_of_sight_is_said_with_what_is_assumed(command: tuple[str, ...], what: str) -> None:
    assert facts(*command).warnings == (f"engine e: {what}, port 8000 is assumed; {SAYS}",)


def test_what_a_login_shell_is_given_knows_no_variables() -> None:
    env = [{"name": "P", "value": "9000"}]
    assert "--port ${P} is not known" in script("su - a -c 'vllm serve m --port $P'", env=env).port.warning


def test_what_a_variable_held_before_it_was_unset_or_read_is_forgotten() -> None:
    assert script('P=7; unset P; vllm serve m --port "${P:-9000}"').port == FlagValue(9000)
    assert "--port ${P} is not known" in script("P=7; read -r P; vllm serve m --port $P").port.warning


def test_arguments_that_are_set_in_a_branch_are_not_known() -> None:
    found = script('if a; then set -- --port 1; fi; vllm serve m "$@"')
    assert found.warnings == (f"engine e: what ${{@}} in its command holds is not known, port 8000 is assumed; {SAYS}",)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            'vllm serve a --host 127.0.0.1 --port 8001 &\nexec nginx -g "daemon off;"',
            "its script keeps nginx in the foreground, and vLLM in the background, port 8001 of the latter is assumed",
        ),
        (
            "vllm serve a --port 8001 & python app.py | tee log",
            "its script keeps app.py in the foreground, and vLLM in the background, port 8001 of the latter is assumed",
        ),
        (
            "nginx & vllm serve a --port 8001 & wait",
            "its script starts nginx beside vLLM in the background, port 8001 of the latter is assumed",
        ),
        (
            "sglang serve --port 8002 & vllm serve a --port 8001 & wait",
            "its script starts SGLang beside vLLM in the background, port 8001 of the latter is assumed",
        ),
        (
            "vllm serve a --port 8001 & vllm serve b --port 8002 & wait",
            "its script may start it with --port 8001, --port 8002, port 8002 is assumed",
        ),
        (
            "vllm serve a --port 8001 & vllm serve b & wait",
            "its script may start it with --port 8001, no --port, port 8000 is assumed",
        ),
    ],
)
def test_which_of_several_servers_is_asked_is_said_unless_one_is_kept_in_the_foreground(text: str, what: str) -> None:
    found = script(text)
    assert (found.warnings, found.unreachable) == ((f"engine e: {what}; {SAYS}",), ())
    assert not found.port.said


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve a --port 9000 & wait",
        "vllm serve a --port 9000 & vllm serve b --port 9000 & wait",
        "vllm serve a --port 1 & vllm serve b --port 9000",
        "vllm serve a --port 9000 & warm-up; while true; do sleep 9; done",
        "vllm serve a --port 9000 & exporter & tail -f log | grep x",
        "nginx & vllm serve a --port 9000",
        "vllm serve a --host 127.0.0.1 --port 1 & litellm --config c.yaml --port 9000",
        "python -m dynamo.frontend --http-port 9000 & python -m dynamo.vllm --model m",
    ],
)
def test_nothing_is_said_of_a_script_whose_server_is_told_apart(text: str) -> None:
    assert script(text).port == FlagValue(9000)
