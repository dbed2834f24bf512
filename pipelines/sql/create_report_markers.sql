CREATE TABLE IF NOT EXISTS {{ schema | ident }}.{{ table | ident }} (
    "report" VARCHAR({{ name_octets }}) NOT NULL,
    "day" DATE NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "fingerprint" VARCHAR(64) NOT NULL,
    "missing" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    CONSTRAINT {{ constraint | ident }} PRIMARY KEY ("report", "day") ENABLED
)
