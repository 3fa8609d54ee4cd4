"""The works, in the order of the table."""

from works.events import EVENTS, LIMITED, PARTITIONS
from works.imports import IMPORT
from works.orders import CONVERT, SCAN_2, SCAN_9
from works.sales import GROUP
from works.taxi import TAXI
from works.work import Goal, PeakGoal, Work

WORKS = {work.name: work for work in (TAXI, SCAN_9, SCAN_2, EVENTS, LIMITED, CONVERT, GROUP, PARTITIONS, IMPORT)}

__all__ = ["WORKS", "Goal", "PeakGoal", "Work"]
