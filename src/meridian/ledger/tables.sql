-- The ledger's tables. Amounts are integer cents, times are microseconds of UTC, the journal is the order of everything.
--
-- Nobody but ledger_owner, which cannot log in, may write here; the functions of rules.sql and day.sql run as it. The
-- constraints below are the second line of defence: were a rule wrong, the transaction would fail and nothing would be
-- acknowledged.

CREATE ROLE ledger_owner NOLOGIN;
CREATE SCHEMA ledger AUTHORIZATION ledger_owner;
SET LOCAL ROLE ledger_owner;
SET LOCAL search_path = ledger;

CREATE TABLE account (
    participant text PRIMARY KEY,
    opening_cents bigint NOT NULL,
    debits_cents bigint NOT NULL DEFAULT 0 CHECK (debits_cents >= 0),
    credits_cents bigint NOT NULL DEFAULT 0 CHECK (credits_cents >= 0),
    balance_cents bigint NOT NULL,
    limit_cents bigint NOT NULL CHECK (limit_cents >= 0),
    CONSTRAINT within_limit CHECK (balance_cents >= -limit_cents),
    CONSTRAINT balance_is_the_sum CHECK (balance_cents = opening_cents - debits_cents + credits_cents)
) WITH (fillfactor = 20);

CREATE TABLE business_day (
    day integer PRIMARY KEY CHECK (day > 0),
    date date NOT NULL,
    opened_us bigint NOT NULL,
    cut_off_us bigint NOT NULL,
    close_by_us bigint NOT NULL CHECK (close_by_us >= cut_off_us),
    closed_us bigint CHECK (closed_us >= cut_off_us)
);
CREATE UNIQUE INDEX one_day_is_open ON business_day ((true)) WHERE closed_us IS NULL;

CREATE TABLE instruction (
    key text PRIMARY KEY,
    day integer NOT NULL REFERENCES business_day,
    sender text NOT NULL REFERENCES account,
    receiver text NOT NULL REFERENCES account CHECK (receiver <> sender),
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    priority text NOT NULL CHECK (priority IN ('normal', 'priority')),
    status text NOT NULL CHECK (status IN ('settled', 'queued', 'rejected')),
    reason text,
    accepted_seq bigint NOT NULL,
    final_seq bigint CHECK (final_seq >= accepted_seq),
    CONSTRAINT final_unless_queued CHECK ((final_seq IS NULL) = (status = 'queued')),
    CONSTRAINT a_reason_to_reject CHECK ((reason IS NOT NULL) = (status = 'rejected'))
);
CREATE INDEX queue ON instruction (sender, accepted_seq) WHERE status = 'queued';

CREATE TABLE entry (
    seq bigint NOT NULL,
    key text NOT NULL REFERENCES instruction,
    participant text NOT NULL REFERENCES account,
    amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
    PRIMARY KEY (key, participant)
);

CREATE TABLE journal (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    day integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('open', 'accept', 'settle', 'reject', 'close', 'resolve', 'mode', 'duty')),
    key text,
    body text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE position (
    day integer NOT NULL REFERENCES business_day,
    participant text NOT NULL REFERENCES account,
    opening_cents bigint NOT NULL,
    debits_cents bigint NOT NULL,
    credits_cents bigint NOT NULL,
    closing_cents bigint NOT NULL,
    confirmed boolean NOT NULL DEFAULT false,
    confirmed_us bigint CHECK ((confirmed_us IS NOT NULL) = confirmed),
    PRIMARY KEY (day, participant),
    CONSTRAINT closing_is_the_sum CHECK (closing_cents = opening_cents - debits_cents + credits_cents)
);

-- The one row that every transaction of the gateways locks and changes first: it puts all work in one order, and it
-- makes every answer, to a duplicate or a question too, wait for the second site, because its transaction wrote.
--
-- It also says in which mode settlement is; whether queues are being drained, a part in each transaction; and which
-- gateway looks for gridlock, until when. That lease only spares the other one the work: what is proposed is verified.
CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    answered bigint NOT NULL DEFAULT 0,
    mode text NOT NULL DEFAULT 'full' CHECK (mode IN ('full', 'priority-only')),
    draining boolean NOT NULL DEFAULT false,
    resolver text,
    resolver_until_us bigint NOT NULL DEFAULT 0
);
INSERT INTO head DEFAULT VALUES;

-- Who is at work, of the processes that could do a task: moved by the operator alone, and with every move the term grows.
CREATE TABLE duty (
    task text PRIMARY KEY,
    holder text NOT NULL,
    candidates text[] NOT NULL CHECK (holder = ANY (candidates)),
    term bigint NOT NULL DEFAULT 1 CHECK (term > 0)
);

CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to: final is final', tg_table_name USING ERRCODE = 'MR302';
END
$$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- An answer may leave only when it is durable at two sites. synchronous_commit may be set by any session, and a primary
-- that lost all its standbys may be told to wait for nobody, or for whoever comes ('*', which a backup's receiver would
-- satisfy): both are refused, before anything is done and again when it is committed.
CREATE FUNCTION require_two_sites() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    waits_for text := current_setting('synchronous_commit');
    standbys text := current_setting('synchronous_standby_names');
BEGIN
    IF waits_for <> 'on' OR btrim(standbys) = '' OR strpos(standbys, '*') > 0 THEN
        RAISE EXCEPTION 'not durable at two sites: synchronous_commit is %, synchronous_standby_names is "%"',
            waits_for, standbys USING ERRCODE = 'MR301';
    END IF;
END
$$;
CREATE FUNCTION require_two_sites_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.require_two_sites();
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER two_sites AFTER UPDATE ON head DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_two_sites_at_commit();
