-- What observers write to see whether the ledger takes writes: as synchronous as a payment, and like a payment it makes
-- the heap grow. A message that only enters the write-ahead log would go on when the disk is full and no payment fits.

CREATE SCHEMA watch AUTHORIZATION ledger_owner;
SET LOCAL ROLE ledger_owner;

-- A table for each place, so that none waits for another's. The fill factor leaves room for one row on a page: every
-- beat extends the heap by a page, and costs the write-ahead log half a kilobyte.
CREATE TABLE watch.beat_a (n bigint, at_us bigint, filler text) WITH (fillfactor = 10);
CREATE TABLE watch.beat_b (LIKE watch.beat_a INCLUDING ALL) WITH (fillfactor = 10);
CREATE TABLE watch.beat_c (LIKE watch.beat_a INCLUDING ALL) WITH (fillfactor = 10);

-- Write one beat. Every so many the table is emptied, in the same transaction.
CREATE FUNCTION watch.beat(n bigint, place text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = ledger, pg_temp
AS $$
BEGIN
    PERFORM require_two_sites();
    IF place NOT IN ('a', 'b', 'c') THEN
        RAISE EXCEPTION 'no such place: %', place;
    END IF;
    IF n % 500 = 0 THEN
        EXECUTE format('TRUNCATE watch.%I', 'beat_' || place);
    END IF;
    EXECUTE format('INSERT INTO watch.%I VALUES ($1, now_us(), repeat(''.'', 420))', 'beat_' || place) USING n;
    RETURN n;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA watch FROM PUBLIC;
GRANT USAGE ON SCHEMA watch TO observer;
GRANT EXECUTE ON FUNCTION watch.beat(bigint, text) TO observer;
RESET ROLE;
