INSERT INTO {{ markers }} ("report", "day", "etl_id", "fingerprint", "missing", "rows")
VALUES ({{ report }}, {{ day }}, {{ etl_id }}, {{ fingerprint }}, {{ missing }}, {{ rows }})
