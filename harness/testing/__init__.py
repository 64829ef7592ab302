"""What authors of plugins test their metrics with: `check_metric` in a test of their own, or `harness plugins check`."""

from harness.testing.metric_checks import MetricProblem, check_metric, metric_problems

__all__ = ["MetricProblem", "check_metric", "metric_problems"]
