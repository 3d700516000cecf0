"""What the tests on SLURM say in the end: jobs by node, faults survived, times."""

COLUMNS = ("job", "node", "state", "elapsed", "memory", "partition", "what")
KEYS = ("JobId", "NodeList", "JobState", "RunTime", "MinMemoryNode", "Partition")


class Report:
    """A plugin of pytest, to be registered once there is something to report."""

    def __init__(self):
        self.jobs = [COLUMNS]
        self.faults = [("fault", "seen by")]

    def add_job(self, job, steps):
        """Note a job: what SLURM says of it, and which steps it was given."""
        done = [rule if value is None else f"{rule} {value}" for rule, value in steps]
        what = ", ".join(done[:2]) + (f" and {len(done) - 2} more" if len(done) > 2 else "")
        self.jobs.append((*(job.get(key, "-") for key in KEYS), what))

    def survived(self, fault, evidence):
        """Note a fault that did no harm, and by what one sees it."""
        self.faults.append((fault, evidence))

    def pytest_terminal_summary(self, terminalreporter):
        head, *jobs = self.jobs
        jobs.sort(key=lambda row: (row[1], int(row[0])))
        seconds = times(terminalreporter.stats)
        for title, rows in (
            ("jobs by node", [head, *jobs]),
            ("faults survived", self.faults),
            ("seconds, those before a test are for what it shares with others", seconds),
        ):
            terminalreporter.section(f"SLURM: {title}")
            for line in table(rows):
                terminalreporter.write_line(line)


def table(rows):
    """Lines of columns, each as wide as its longest entry."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def times(stats):
    """What each test took, as rows of a table."""
    # What was done before a test is filed under no result, unless it failed.
    results = ("", "passed", "failed", "error")
    reports = [report for result in results for report in stats.get(result, ())]
    names = dict.fromkeys(report.nodeid for report in reports)
    seconds = {(report.nodeid, report.when): f"{report.duration:.0f}" for report in reports}
    return [
        ("before", "in it", "test"),
        *(
            (seconds.get((name, "setup"), "-"), seconds.get((name, "call"), "-"), name)
            for name in names
        ),
    ]
