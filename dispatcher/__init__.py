"""Outbound webhooks out of PostgreSQL.

The path of one payment, in reading order:

    sql_functions/13_capture_definition.sql   the trigger on the host's table
    sql_functions/20_insert_event.sql         event and deliveries, in the same transaction
    sql_functions/30_ring_doorbell.sql        NOTIFY, if somebody sleeps
    dispatcher/pipeline/listen.py             LISTEN
    dispatcher/pipeline/claim.py              lease what can start now
    dispatcher/pipeline/deliver.py            assemble, send, judge, record, observe
    dispatcher/egress/client.py               the one way out
    dispatcher/core/verdict.py                what an answer means
    dispatcher/pipeline/record.py             the attempt, and where the delivery goes
"""

__version__ = "0.1.0"
