"""`glassnet completion`: what a shell runs to complete commands, options, files and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from glassnet.cli.mistakes import Mistake

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_GLASSNET_COMPLETE"  # click's own: by it, the shell's function asks what fits

HELP = """Print the script that lets a shell complete what is typed after `glassnet`.

Commands, options, the values that an option takes, names of data sets, and files by their endings: model
files, tables, pictures.

\b
Let it run at the start of every shell:
  bash   echo 'eval "$(glassnet completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(glassnet completion zsh)"' >> ~/.zshrc
  fish   glassnet completion fish > ~/.config/fish/completions/glassnet.fish
"""


@click.command(help=HELP, short_help="Let the shell complete what is typed.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script of a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise Mistake(f"this version of click knows no {shell}.")
    click.echo(kind(context.find_root().command, {}, "glassnet", VARIABLE).source())
