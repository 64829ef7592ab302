"""`harness gate record`: asks a gate's judges for real, and keeps what they reply beside the gate."""

from typing import TYPE_CHECKING

import click

from harness.cli.common import notice, plugin_option, quiet_option, registry

if TYPE_CHECKING:
    from harness.gate.judges_config import GatedJudge
    from harness.judgments import JudgmentSet
    from harness.registry import Registry


@click.command()
@click.option("--config", "-c", type=click.Path(), metavar="FILE", help="The gate; default gate.yaml in this folder.")
@click.option(
    "--judge", "-j", "names", multiple=True, metavar="LABEL", help="Only this judge. Repeatable. Default: unrecorded ones."
)
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="Ask nothing if it may cost more.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked and what it may cost, and ask nobody.")
@plugin_option
@quiet_option
@click.pass_obj
def record(
    given: tuple[str | None, tuple[str, ...]] | None,
    config: str | None,
    names: tuple[str, ...],
    budget: float | None,
    dry_run: bool,
) -> None:
    """Asks judges for real and writes what they reply into their files, which the gate then reads in place of asking.

    Without --judge those that have no file yet are asked. Replies that are stored already are not asked for again. The files hold
    prompts, answers and replies, and no key. Then approve of them: `harness gate update --reason TEXT`.
    """
    from harness.chat.transcript import write_transcript
    from harness.errors import InputError
    from harness.gate.config import load_gate
    from harness.gate.judges import asked_of, read_asked
    from harness.gate.judges_config import load_judges
    from harness.gate.recording import record as ask

    loaded = load_gate(config or (given[0] if given else None))
    if loaded.judges is None:
        raise InputError(f"{loaded.file}: this gate has no judges: write `judges: FILE.yaml` (see the how-to on gates)")
    judges = load_judges(loaded.judges)
    known = {judge.label: judge for judge in judges.judges}
    for name in names:
        if name not in known:
            raise InputError(f"{judges.file}: no judge is called {name!r}; there are {', '.join(known)}")
    chosen = [judge for judge in judges.judges if (judge.label in names if names else not judge.replies.exists())]
    if not chosen:
        click.echo("Every judge has its recorded replies. To ask one anew, name it: --judge LABEL")
        return
    plugins = registry(loaded.plugins)
    data = read_asked(judges, plugins)
    _tell_prices(chosen, data, plugins, budget)
    if dry_run:
        click.echo("nobody was asked (--dry-run)")
        return
    for judge in chosen:
        notice(f"{judge.label}: asking")
        made = ask(judge, asked_of(judge, data), plugins)
        judge.replies.parent.mkdir(parents=True, exist_ok=True)
        write_transcript(judge.replies, made)
        click.echo(f"{judge.label}: {len(made.replies)} replies in {judge.replies}")


def _tell_prices(chosen: "list[GatedJudge]", data: "JudgmentSet", plugins: "Registry", budget: float | None) -> None:
    """What asking may cost; InputError where that is more than the budget, or not known and there is one."""
    from harness.errors import InputError
    from harness.gate.judges import asked_of, build_heard
    from harness.stages.score import calls

    total = 0.0
    for judge in chosen:
        metric, _ = build_heard(judge, plugins, {})
        for plan in calls(asked_of(judge, data), metric):
            price = "no price is known" if plan.price is None else f"at most {plan.price:.4f} USD"
            click.echo(
                f"{judge.label}, asked of {plan.judge}: {plan.calls} calls to make, {plan.cached} replies at hand; {price}"
            )
            if plan.price is None and budget is not None:
                raise InputError(
                    f"no price is known for {plan.judge}, so a budget cannot be kept: leave --budget out, or name a table"
                )
            total += plan.price or 0.0
    if budget is not None and total > budget:
        raise InputError(f"asking may cost {total:.4f} USD, more than the budget of {budget:g} USD; nobody was asked")
