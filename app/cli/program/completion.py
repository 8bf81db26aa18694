"""``python -m app completion``: what has a shell complete the commands.

Typer's own scripts call the program by a single name, which `python -m app` is not. These hand the words
after it on as if they were those of a program called `app`, and ask Typer by its variables.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from app.cli import COMPLETE

Shell: TypeAlias = Literal["bash", "zsh", "fish"]

BASH = """\
_app_complete() {
    local skipped=0
    if [[ ${COMP_WORDS[0]##*/} == python* ]]; then
        if [[ ${COMP_WORDS[1]} != -m || ${COMP_WORDS[2]} != app || $COMP_CWORD -lt 3 ]]; then
            COMPREPLY=()
            return
        fi
        skipped=2
    fi
    local python=@PYTHON@ here=@ROOT@ IFS=$'\\n'
    COMPREPLY=($(cd "$here" && @VARIABLE@=complete_bash COMP_CWORD=$((COMP_CWORD - skipped)) \\
        COMP_WORDS="app ${COMP_WORDS[*]:$((skipped + 1))}" "$python" -m app 2>/dev/null))
}
complete -o default -F _app_complete python python3 app
"""
ZSH = """\
_app_complete() {
    local skipped=0 python=@PYTHON@ here=@ROOT@
    if [[ ${words[1]:t} == python* ]]; then
        if [[ ${words[2]} != -m || ${words[3]} != app || $CURRENT -lt 4 ]]; then
            (( $+functions[_python] )) && _python || _files
            return
        fi
        skipped=2
    fi
    eval "$(cd "$here" && @VARIABLE@=complete_zsh \\
        _TYPER_COMPLETE_ARGS="app ${(j: :)words[$((skipped + 2)),$CURRENT]}" "$python" -m app 2>/dev/null)"
}
compdef _app_complete python python3 app
"""
FISH = """\
function __app_words
    string replace -r '^\\S*python\\S* -m app' app -- (commandline -cp) |
        string replace -r '^\\S*/app ' 'app '
end
function __app_is_meant
    string match -qr '^(\\S*python\\S* -m app|(\\S*/)?app) ' -- (commandline -cp)
end
function __app_ask
    set -l words (__app_words)
    fish -c 'cd $argv[1]; and env @VARIABLE@=complete_fish _TYPER_COMPLETE_FISH_ACTION=$argv[2] \\
        _TYPER_COMPLETE_ARGS=$argv[3] $argv[4] -m app 2>/dev/null' @ROOT@ $argv[1] "$words" @PYTHON@
end
for name in python python3 app
    complete --command $name --no-files --condition '__app_is_meant; and __app_ask is-args' \\
        --arguments '(__app_ask get-args)'
end
"""
SCRIPTS: dict[Shell, str] = {"bash": BASH, "zsh": ZSH, "fish": FISH}
ROOT = Path(__file__).parents[3]


def completion(shell: Annotated[Shell, typer.Argument(help="Which shell it is for.")]) -> None:
    """Print what has a shell complete these commands.

    In bash: eval "$(python -m app completion bash)". In zsh likewise, after compinit. In fish:
    python -m app completion fish | source. It is for `python -m app` and for bin/app.
    """
    places = {"@PYTHON@": sys.executable, "@ROOT@": str(ROOT)}
    script = SCRIPTS[shell].replace("@VARIABLE@", COMPLETE)
    for name, place in places.items():
        script = script.replace(name, shlex.quote(place))
    typer.echo(script, nl=False)
