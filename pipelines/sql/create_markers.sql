CREATE TABLE IF NOT EXISTS {{ schema | ident }}.{{ table | ident }} (
    "target_table" VARCHAR({{ name_octets }}) NOT NULL,
    "source" VARCHAR({{ source_octets }}) NOT NULL,
    "day" DATE NOT NULL,
    "etl_id" INTEGER NOT NULL,
    "rows" INTEGER NOT NULL,
    "checksum" INTEGER NOT NULL,
    CONSTRAINT {{ constraint | ident }} PRIMARY KEY ("target_table", "source", "day") ENABLED
)
