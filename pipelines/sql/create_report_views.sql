CREATE TABLE IF NOT EXISTS {{ schema | ident }}.{{ table | ident }} (
    "report" VARCHAR({{ name_octets }}) NOT NULL,
    "digest" VARCHAR(64) NOT NULL,
    CONSTRAINT {{ constraint | ident }} PRIMARY KEY ("report") ENABLED
)
