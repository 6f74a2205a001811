"""What the leader does."""

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import Families


class MaintenanceMetrics:
    """Leadership, partitions, purged rows, vacuums."""

    def __init__(self, make: Families) -> None:
        self._leading = make.gauge("leading", "1 while this dispatcher does the maintenance.")
        self._dropped = make.counter("partitions_dropped_total", "Partitions that retention dropped.")
        self._overdue = make.gauge("partitions_overdue", "Partitions that retention could not drop.")
        self._purged = make.counter("rows_purged_total", "Old rows of small tables that were deleted.", "table")
        self._vacuums = make.counter("vacuums_total", "How often the leader vacuumed a table.", "table")
        self._unremovable = make.gauge("unremovable_rows", "Dead rows that its last VACUUM had to leave.", "table")
        self._hindered = make.counter(
            "maintenance_hindered_total", "How often a task of the leader could not do its work.", "task"
        )

    def observe(self, observation: o.Observation) -> None:
        """Count what is one of these."""
        match observation:
            case o.LeadershipChanged(leading):
                self._leading.set(leading)
                self._overdue.set(0)  # the next leader's to say
            case o.PartitionDropped():
                self._dropped.inc()
            case o.RetentionFinished(left):
                self._overdue.set(left)
            case o.RowsPurged(table, count):
                self._purged.labels(table).inc(count)
            case o.TableVacuumed(table, _, left, _):
                self._vacuums.labels(table).inc()
                self._unremovable.labels(table).set(left)
            case o.MaintenanceHindered(task, _):
                self._hindered.labels(task).inc()
            case _:
                pass
