"""The sample endpoints: one of each kind that a clinic may come to see."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.demo.receiver import Answer, hangs, says

CLINIC = "1"
OTHER_CLINIC = "2"
CREATED, CHANGED = "payment_transaction.created", "payment_transaction.status_changed"
REFUNDED = "payment_transaction.partially_refunded"


@dataclass(frozen=True)
class Past:
    """The sample's past day: how many attempts of a thousand failed, and how; `down_hours`: all of the last ones."""

    per_mille: int = 0
    error_class: str = "http_status"
    http_status: int | None = 503
    milliseconds: int = 60
    down_hours: int = 0


@dataclass(frozen=True)
class Sample:
    """An endpoint: where it is, what its receiver answers from now on, and what became of it in the past day."""

    path: str
    description: str
    answer: Answer
    clinic: str = CLINIC
    options: Mapping[str, object] = field(default_factory=dict)
    past: Past = Past()
    host: str = "localhost"


ORDERS = Sample(
    "/orders",
    "Order system",
    204,
    options={"ordering": "per_resource", "max_in_flight": 20, "retry_schedule": [0, 1, 5, 60, 300]},
    past=Past(per_mille=15),
)
CRM = Sample(
    "/crm",
    "Customer records",
    says(503, '{"error": "upstream is not available"}'),
    past=Past(per_mille=30, down_hours=3, milliseconds=140),
)
REPORTS = Sample(
    "/reports",
    "Nightly reports",
    hangs,
    options={"event_types": [REFUNDED], "timeout_seconds": 1, "retry_schedule": [0, 1]},
    past=Past(per_mille=150, error_class="timeout", http_status=None, milliseconds=2800),
)
OLD_SHOP = Sample(
    "/old-shop",
    "The old shop",
    says(410, '{"message": "this shop has moved"}'),
    past=Past(milliseconds=320),
)
NEWSLETTER = Sample("/newsletter", "Newsletter tool", 204, past=Past(per_mille=5, milliseconds=95))
BILLING = Sample(
    "/billing",
    "Bookkeeping: only what is paid",
    204,
    options={
        "event_types": [CHANGED],
        "filter": {"status": "paid"},
        "requests_per_second": 5,
        "headers": {"x-api-key": "sample", "x-cost-center": "17"},
    },
    past=Past(per_mille=60, http_status=429, milliseconds=180),
)
LONG_URL = Sample("/long/" + "a-long-path/" * 165, "A URL of almost 2 KB", 204, options={"event_types": [REFUNDED]})
LEGACY = Sample("/legacy", "Replaced by another", 204)
APPLIANCE = Sample(
    "/appliance",
    "An appliance with a certificate of another name",
    204,
    OTHER_CLINIC,
    options={"retry_schedule": [0, 2]},
    past=Past(per_mille=1000, error_class="tls", http_status=None, milliseconds=12, down_hours=24),
    host="127.0.0.1",
)
ERP = Sample(
    "/erp",
    "Resource planning",
    says(401, '{"error": "the token is not valid any more"}'),
    OTHER_CLINIC,
    options={"event_types": [CREATED, CHANGED]},
    past=Past(per_mille=20, http_status=401, milliseconds=75, down_hours=1),
)

SAMPLES = (ORDERS, CRM, REPORTS, OLD_SHOP, NEWSLETTER, BILLING, LONG_URL, LEGACY, APPLIANCE, ERP)
