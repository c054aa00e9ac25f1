-- A log in PostgreSQL. Laid by whoever begins the log, in one transaction with its first entry; who else may append or
-- read is granted afterwards (docs/log.md). Nothing here is ever updated, so no role but the owner needs to be able to.
CREATE SCHEMA IF NOT EXISTS holdfast;

CREATE TABLE holdfast.schema_version (version integer NOT NULL);
INSERT INTO holdfast.schema_version VALUES (1);

CREATE TABLE holdfast.entry (
    seq bigint PRIMARY KEY CHECK (seq >= 0),
    leaf bytea NOT NULL,
    data bytea NOT NULL
);

-- The frontier lies with each checkpoint: a single row that every append updates would leave a dead version each time,
-- and a long export would keep all of them.
CREATE TABLE holdfast.checkpoint (
    number bigint PRIMARY KEY CHECK (number >= 0),
    size bigint NOT NULL UNIQUE,
    note bytea NOT NULL,
    frontier bytea NOT NULL
);

-- In parts of at most 8 MiB, so that no statement is large; whoever reads them puts them together.
CREATE TABLE holdfast.attachment (
    sha256 text NOT NULL,
    part integer NOT NULL CHECK (part >= 0),
    data bytea NOT NULL,
    PRIMARY KEY (sha256, part)
);

-- Personal data, of which entries hold only a salted digest. Salt and value are null once they are erased.
CREATE TABLE holdfast.aside (
    number bigint GENERATED ALWAYS AS IDENTITY,
    digest text PRIMARY KEY,
    salt bytea,
    value bytea
);

-- A guard against slips, not against attackers: an owner or a superuser switches it off. What stands against them is
-- the signature, the anchor and exported bundles.
CREATE FUNCTION holdfast.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'rows of a log are neither changed nor removed' USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON holdfast.entry
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON holdfast.checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON holdfast.attachment
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast.refuse();
-- Erasing writes this table anew, in other files: a row that is deleted or updated would stay where it lies.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON holdfast.aside
    FOR EACH STATEMENT EXECUTE FUNCTION holdfast.refuse();
