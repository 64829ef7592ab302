"""Prints the script that completes commands, options, metrics and judgment sets in your shell."""

from typing import TYPE_CHECKING

import click

from harness.cli.common import plugin_files

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_HARNESS_COMPLETE"
PROGRAM = "harness"


@click.command(
    help=f"""{__doc__}

\b
bash: echo 'eval "$(harness completion bash)"' >> ~/.bashrc
zsh:  echo 'eval "$(harness completion zsh)"' >> ~/.zshrc
fish: harness completion fish > ~/.config/fish/completions/harness.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"this version of click cannot complete in {shell}; upgrade click")
    click.echo(script(click.get_current_context().find_root().command, {}, PROGRAM, VARIABLE).source())


class PluginType(click.ParamType):
    """A reference to a plugin of one kind: any text when the command runs, completed from the installed plugins in the shell."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Names of the kind; after the colon, the parameters of the plugin."""
        from click.shell_completion import CompletionItem

        from harness.plugins import load_plugins
        from harness.registry import parameters

        entries = load_plugins(plugin_files(), strict=False).entries[self.kind]
        name, colon, rest = incomplete.partition(":")
        if not colon:
            return [
                CompletionItem(entry.spec.name, help=entry.spec.help)
                for known, entry in sorted(entries.items())
                if known.startswith(name)
            ]
        if name not in entries:
            return []
        given, _, last = rest.rpartition(",")
        before = f"{name}:{given}," if given else f"{name}:"
        taken = parameters(entries[name].spec) or {}
        return [CompletionItem(f"{before}{parameter}=") for parameter in taken if parameter.startswith(last)]
