"""Vertica's errors by SQLSTATE or by class, and what a load does about them.

They are the same whether a query, a COPY or a COMMIT meets them: whatever fails, the
transaction is rolled back, and the next attempt asks the markers before it does
anything. So a COMMIT that failed in the middle of a shutdown may be tried again like
any other statement.
"""

from __future__ import annotations

from pipelines.runtime import ErrorTable, KnownErrors, Verdict

VERTICA = "Vertica's error pages"
DRIVER = "the driver"
STANDARD = "the SQL standard"
NOWHERE = "not confirmed"

PLACE = "in [warehouse], or where `shardline connections` finds them"

DUPLICATE_KEY = "23505"

REFUSED_LOGIN = KnownErrors(
    "28000",
    Verdict.STAYS,
    STANDARD,
    "user or password is wrong",
    "another try counts as one more wrong password",
    step=f"check user and password {PLACE}",
)

MISSING_RELATION = (
    KnownErrors(
        "3F000",
        Verdict.STAYS,
        DRIVER,
        "the schema is not there",
        "only a change of the warehouse or the catalog helps",
        step="check the target's schema in the catalog",
    ),
    KnownErrors(
        "42V01",
        Verdict.STAYS,
        DRIVER,
        "the table is not there",
        "it is made before a load; during one, only a change helps",
        step="check that the target exists, or drop it to have it made again",
    ),
)

VERTICA_ERRORS = ErrorTable(
    (
        KnownErrors(
            "08",
            Verdict.PASSES,
            STANDARD,
            "connection failure",
            "a new connection may hold, or leads to another node",
        ),
        KnownErrors(
            "V1001 V1",
            Verdict.PASSES,
            DRIVER,
            "the nodes lost each other",
            "the cluster goes on with those that are left, or ends the lost ones, and"
            " then another node answers",
        ),
        KnownErrors(
            "V1003",
            Verdict.PASSES,
            VERTICA,
            "a node came or left",
            "the next attempt is planned for the nodes that are there then",
        ),
        KnownErrors(
            "25000",
            Verdict.PASSES,
            VERTICA,
            "shards or subscriptions moved between the nodes",
            "the next attempt is planned for where they are then",
        ),
        KnownErrors(
            "55006",
            Verdict.PASSES,
            VERTICA,
            "a node or a table changed while the statement was planned",
            "the next attempt is planned anew; if the table is gone, 42V01 tells",
        ),
        KnownErrors(
            "55000",
            Verdict.PASSES,
            VERTICA,
            "the cluster or the table is not in a state for it",
            "what a load can meet of it is another load or a mergeout in the same"
            " partition, nodes that are down, or a shutdown at the COMMIT",
        ),
        KnownErrors(
            "57V01 57V02 57V03 57",
            Verdict.PASSES,
            STANDARD,
            "the database is starting or shutting down",
            "another node answers, or this one after its start",
        ),
        KnownErrors(
            "57V04",
            Verdict.PASSES,
            VERTICA,
            "the node is shutting down",
            "the COMMIT has not happened; another node takes the next one",
        ),
        KnownErrors(
            "57014",
            Verdict.PASSES,
            DRIVER,
            "the statement was cancelled",
            "a hand or a limit on a busy pool's time ended it; if it was not for now,"
            " the attempts are counted",
        ),
        KnownErrors(
            "57015",
            Verdict.STAYS,
            VERTICA,
            "the projection is too slow for DELETE",
            "only another projection helps",
            step="give the target a projection that DELETE can use",
        ),
        KnownErrors(
            "40V01 40",
            Verdict.PASSES,
            STANDARD,
            "deadlock",
            "the transaction is rolled back, and who was in the way goes on",
        ),
        KnownErrors(
            "55V03",
            Verdict.PASSES,
            VERTICA,
            "a lock was not free in time",
            "who holds it ends",
        ),
        KnownErrors(
            "55V04",
            Verdict.PASSES,
            VERTICA,
            "the tuple mover is at work there",
            "its work ends",
        ),
        KnownErrors(
            "53000 53",
            Verdict.PASSES,
            VERTICA,
            "not enough resources",
            "the pool's queue, threads and temporary space become free; too many ROS"
            " containers are merged",
        ),
        KnownErrors(
            "53200",
            Verdict.PASSES,
            VERTICA,
            "out of memory",
            "other statements end and give theirs back",
        ),
        KnownErrors(
            "53100",
            Verdict.STAYS,
            NOWHERE,
            "a disk is full",
            "what is stored stays there; space for a while is 53000",
            step="make room on the nodes' disks",
        ),
        KnownErrors(
            "58030",
            Verdict.PASSES,
            NOWHERE,
            "a disk or the communal storage failed",
            "another node, or the same storage later, may do",
        ),
        KnownErrors(
            "54",
            Verdict.STAYS,
            VERTICA,
            "a limit of the program: columns, octets of a row, partitions",
            "the same rows meet it again",
            step="see Vertica's documentation of its limits",
        ),
        REFUSED_LOGIN,
        KnownErrors(
            "3D000",
            Verdict.STAYS,
            STANDARD,
            "the database is another one",
            "only a change of the configuration helps",
            step=f"check the database {PLACE}",
        ),
        KnownErrors(
            "42501",
            Verdict.STAYS,
            DRIVER,
            "a privilege is missing",
            "someone must grant it",
            step="grant the user of the warehouse the missing privilege",
        ),
        *MISSING_RELATION,
        KnownErrors(
            "V2 VC",
            Verdict.STAYS,
            VERTICA,
            "authentication or a file of the configuration",
            "someone must correct it",
            step="see Vertica's log",
        ),
        KnownErrors(
            "VX",
            Verdict.STAYS,
            VERTICA,
            "an internal error, or something corrupt",
            "that is to be looked into, not repeated",
            step="see Vertica's log",
        ),
        KnownErrors(
            "VP",
            Verdict.STAYS,
            NOWHERE,
            "a function or procedure of the users",
            "the same rows give the same error",
            step="see the function's author",
        ),
        KnownErrors(
            "22V04",
            Verdict.STAYS,
            DRIVER,
            "a row was rejected",
            "the same rows give the same error",
            step="compare the target's columns and their widths with the catalog",
        ),
        KnownErrors(
            "42703",
            Verdict.STAYS,
            DRIVER,
            "a column is not there",
            "only a change of the target or the catalog helps",
            step="compare the target's columns with the catalog",
        ),
        KnownErrors(
            "42804",
            Verdict.STAYS,
            NOWHERE,
            "a column has another type",
            "only a change of the target or the catalog helps",
            step="compare the target's column types with the catalog",
        ),
        KnownErrors(
            DUPLICATE_KEY,
            Verdict.STAYS,
            VERTICA,
            "an enforced key is there already",
            "of a marker, it says that another load was first, and the day is there",
        ),
    ),
    rest=KnownErrors(
        "",
        Verdict.STAYS,
        "",
        "any other state: data, syntax, privileges",
        "what is not known to pass is told",
        step="see Vertica's documentation",
    ),
    class_length=2,
)
