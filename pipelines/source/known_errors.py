"""SQL Server's errors by topic, and what a load does about them.

What can be met is what an attempt does: log in, choose a database, describe a query
and read rows.
"""

from __future__ import annotations

from pipelines.runtime import ErrorTable, KnownErrors, Verdict

FREETDS = "FreeTDS"
MICROSOFT = "Microsoft's error tables"
AZURE = "Azure's list"
DOTNET = "Microsoft's clients"
NOWHERE = "not confirmed"

PLACE = "in luigi.cfg, or where `shardline connections` finds them"

LOST_LINK = KnownErrors(
    "20002 20003 20004 20006 20009 20017 20020 20047",
    Verdict.PASSES,
    FREETDS,
    "the link broke, or the server did not answer in time",
    "a new connection may hold",
)

REFUSED_LOGIN = KnownErrors(
    "18452 18456 18470 18486 18487 18488",
    Verdict.STAYS,
    MICROSOFT,
    "the login is refused: user, password, or the state of the account",
    "another try counts as one more wrong password",
    step=f"check its user and password {PLACE}",
)

SQL_SERVER_ERRORS = ErrorTable(
    (
        LOST_LINK,
        KnownErrors(
            "596 1219 4014 17191",
            Verdict.PASSES,
            MICROSOFT,
            "the session was ended, or what the client sent did not arrive whole",
            "a new session has none of it",
        ),
        KnownErrors(
            "6005 17142 17187 17188 17813 18401 18451 18461",
            Verdict.PASSES,
            MICROSOFT,
            "the server starts, shuts down, is paused, or takes only administrators",
            "upgrades, restarts and pauses end",
        ),
        KnownErrors(
            "5522",
            Verdict.PASSES,
            NOWHERE,
            "the server is shutting down",
            "restarts end",
        ),
        KnownErrors(
            "17189 17197 17803 17809",
            Verdict.PASSES,
            MICROSOFT,
            "the server could not serve a login in time",
            "threads, memory and connections become free again",
        ),
        KnownErrors(
            "17829 17830 17889",
            Verdict.PASSES,
            MICROSOFT,
            "the connection broke off during the login",
            "a new connection may hold",
        ),
        KnownErrors(
            "615 904 913 921 922 927 929 941 952",
            Verdict.PASSES,
            MICROSOFT,
            "the database is starting, recovering or being restored, or in transition",
            "each of these states leads to the next; another address may be further",
        ),
        KnownErrors(
            "992 997",
            Verdict.PASSES,
            MICROSOFT,
            "the database's lock is held by what changes its state",
            "the change ends",
        ),
        KnownErrors(
            "954 955 956 976 982 983 988 4221",
            Verdict.PASSES,
            MICROSOFT,
            "the database is a mirror, or a replica that cannot be read now",
            "roles change at a failover; another address may have the readable one",
        ),
        KnownErrors(
            "3948 3949",
            Verdict.PASSES,
            MICROSOFT,
            "the replica's role changed while it was read",
            "the next attempt reads all of it from one role",
        ),
        KnownErrors(
            "4060 4064",
            Verdict.PASSES,
            AZURE,
            "the database that the login itself opens is not available",
            "Azure moves databases so; a shard's own database is chosen after the"
            " login, and 911 or 916 tell if that name or the right to it is wrong",
        ),
        KnownErrors(
            "924",
            Verdict.PASSES,
            MICROSOFT,
            "the database is in use by one user alone",
            "maintenance ends; another address has its own users",
        ),
        KnownErrors(
            "923 926 942 945 9001",
            Verdict.ELSEWHERE,
            MICROSOFT,
            "the database is offline, suspect or restricted, or lacks its files or log",
            "it stays so until someone brings it back, but that is of this server only",
            step="bring the database back, or give the connection another address",
        ),
        KnownErrors(
            "978 979",
            Verdict.ELSEWHERE,
            MICROSOFT,
            "the replica takes only readers of the other intent",
            "that is how this replica is set up; the others may differ",
            step="let the replica be read by all, or give the connection the primary",
        ),
        KnownErrors(
            "1205 1222",
            Verdict.PASSES,
            MICROSOFT,
            "deadlock, or a lock was not free in time",
            "we ask to be the victim, and who was in the way goes on",
        ),
        KnownErrors(
            "1203 1204 1214 1220 1221",
            Verdict.PASSES,
            MICROSOFT,
            "the server is short of locks, or got its locks wrong",
            "others give theirs back",
        ),
        KnownErrors(
            "845 3940 3984",
            Verdict.PASSES,
            MICROSOFT,
            "a page was not free in time, or locks were not at a commit",
            "who was in the way goes on",
        ),
        KnownErrors(
            "701 802 3985 8628 8645 8651 17300",
            Verdict.PASSES,
            MICROSOFT,
            "the server is short of memory",
            "other queries end and give theirs back",
        ),
        KnownErrors(
            "8642",
            Verdict.PASSES,
            MICROSOFT,
            "the server is short of threads",
            "other queries end and give theirs back",
        ),
        KnownErrors(
            "1101 1104 1105 1121 9002",
            Verdict.PASSES,
            MICROSOFT,
            "tempdb, a file or the log is full",
            "sorts end, logs are backed up and files grow",
        ),
        KnownErrors(
            "3950 3953 3957 3958 3960 3961 3966 3967",
            Verdict.PASSES,
            MICROSOFT,
            "a row's older version is gone, or is not there yet",
            "the next attempt needs newer versions",
        ),
        KnownErrors(
            "601 614 617 669 688 689 4117 8608",
            Verdict.PASSES,
            MICROSOFT,
            "the rows or the table moved while they were read",
            "the next attempt finds them where they are then",
        ),
        KnownErrors(
            "41301 41302 41305 41325 41839",
            Verdict.PASSES,
            DOTNET,
            "a table in memory changed while it was read",
            "the other transaction is over then",
        ),
        KnownErrors(
            "40197 40613",
            Verdict.PASSES,
            AZURE,
            "Azure is moving the database, or fails over",
            "Microsoft asks for another try",
        ),
        KnownErrors(
            "40085 40090 40139 40143 40162",
            Verdict.PASSES,
            MICROSOFT,
            "Azure's replica is not the primary one, or changes",
            "a new connection is led to the right one",
        ),
        KnownErrors(
            "40166 40174 40184 40540 40626 40627 40671",
            Verdict.PASSES,
            MICROSOFT,
            "Azure is at work on the database",
            "the work ends",
        ),
        KnownErrors(
            "40501 49918 49919 49920",
            Verdict.PASSES,
            AZURE,
            "Azure is busy",
            "Microsoft asks for another try",
        ),
        KnownErrors(
            "10922 10928 10929 10930 40189 40642 40648",
            Verdict.PASSES,
            MICROSOFT,
            "Azure's limits are reached for the moment",
            "others end, or the next interval begins",
        ),
        KnownErrors(
            "10936 42109 49977 49983",
            Verdict.PASSES,
            DOTNET,
            "Azure's pool is busy or waking up",
            "the operation ends",
        ),
        KnownErrors(
            "40549 40550 40551 40552 40553",
            Verdict.STAYS,
            MICROSOFT,
            "Azure ended the session since it took too much",
            "the same read takes as much again",
            step="load fewer days at once: [load] group_days",
        ),
        KnownErrors(
            "667 670 679 8653",
            Verdict.STAYS,
            MICROSOFT,
            "a filegroup of the table is offline",
            "it stays so until someone brings it back",
            step="bring the filegroup back",
        ),
        KnownErrors(
            "823 824 829",
            Verdict.STAYS,
            MICROSOFT,
            "a page of the table cannot be read, or is damaged",
            "it stays so until it is restored or repaired",
            step="have the shard's database checked: DBCC CHECKDB",
        ),
        REFUSED_LOGIN,
        KnownErrors(
            "207",
            Verdict.STAYS,
            MICROSOFT,
            "a column is not there",
            "only a change of the table or the catalog helps",
            step="compare the table's columns in the shard with the catalog",
        ),
        KnownErrors(
            "208",
            Verdict.STAYS,
            MICROSOFT,
            "the table is not there",
            "only a change of the shard or the catalog helps",
            step="check the table's query in the catalog, or create the table in the"
            " shard",
        ),
        KnownErrors(
            "229",
            Verdict.STAYS,
            MICROSOFT,
            "the user may not read the table",
            "someone must grant it",
            step="grant the user SELECT on the table",
        ),
        KnownErrors(
            "241",
            Verdict.STAYS,
            MICROSOFT,
            "a text is no date",
            "the same rows give the same error",
            step="check the type of the date column in the shard",
        ),
        KnownErrors(
            "40508",
            Verdict.STAYS,
            MICROSOFT,
            "the server changes the database of no session, as Azure SQL Database",
            "it is told only if a login that names the database, which follows by"
            " itself, is answered so too",
            step="let the login open the shard's database",
        ),
        KnownErrors(
            "911",
            Verdict.STAYS,
            MICROSOFT,
            "the database is not there",
            "a database that moves has another number",
            step="check the shard's database in the shards file",
        ),
        KnownErrors(
            "916",
            Verdict.STAYS,
            MICROSOFT,
            "the user may not use the database",
            "someone must grant it",
            step="give the user access to the database",
        ),
    ),
    rest=KnownErrors(
        "",
        Verdict.STAYS,
        "",
        "any other number",
        "what is not known to pass is told",
        step="see the server's error number",
    ),
)
