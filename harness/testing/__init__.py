"""What authors of plugins test them with: `check_metric` and its like in tests of their own, or `harness plugins check`."""

from harness.testing.metric_checks import MetricProblem, check_metric, metric_problems
from harness.testing.plugin_checks import check_builder, check_command, check_generator, check_judgments, check_trainer
from harness.testing.trial import PluginProblem

__all__ = [
    "MetricProblem",
    "PluginProblem",
    "check_builder",
    "check_command",
    "check_generator",
    "check_judgments",
    "check_metric",
    "check_trainer",
    "metric_problems",
]
