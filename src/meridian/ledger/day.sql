-- The business day: opened with the balances that the one before closed with, moved while it is open, closed by rule.
-- Exactly one day is open at any time: closing one opens the next in the same transaction.

CREATE FUNCTION open_day(calendar business_day) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO business_day SELECT (calendar).*;
    UPDATE account SET opening_cents = balance_cents, debits_cents = 0, credits_cents = 0;
    PERFORM chain(calendar.day, 'open', NULL, jsonb_build_object('day', calendar.day, 'accounts',
        (SELECT jsonb_agg(jsonb_build_object('participant', participant, 'balance_cents', balance_cents,
            'limit_cents', limit_cents) ORDER BY participant) FROM account)));
END
$$;

CREATE FUNCTION calendar_of(calendar business_day) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('day', calendar.day, 'date', calendar.date, 'opened_us', calendar.opened_us,
        'cut_off_us', calendar.cut_off_us, 'close_by_us', calendar.close_by_us, 'closed_us', calendar.closed_us)
$$;

-- Move the cut-off and the deadline of the open day.
CREATE FUNCTION schedule(request jsonb, calendar business_day) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    cut_off bigint := (request->>'cut_off_us')::bigint;
    close_by bigint := (request->>'close_by_us')::bigint;
BEGIN
    IF (request->>'day')::integer <> calendar.day THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'day-not-open');
    ELSIF close_by < cut_off OR cut_off < calendar.opened_us THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'not-in-order');
    END IF;
    UPDATE business_day SET cut_off_us = cut_off, close_by_us = close_by WHERE day = calendar.day;
    RETURN jsonb_build_object('status', 'scheduled');
END
$$;

-- Close the open day once its cut-off has passed: what is still queued cannot be funded, or was held back by the mode,
-- and is rejected; each participant gets its position, the next day opens. Closing it again changes nothing.
CREATE FUNCTION close_day(request jsonb, calendar business_day, mode text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    payment instruction;
    day_us CONSTANT bigint := 86400000000;
    days integer;
BEGIN
    IF (request->>'day')::integer < calendar.day THEN
        RETURN jsonb_build_object('status', 'closed');
    ELSIF (request->>'day')::integer > calendar.day OR now_us() < calendar.cut_off_us THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'before-cut-off');
    ELSIF (SELECT draining FROM head) THEN
        -- What could still be settled is: the next request goes on with it.
        RETURN jsonb_build_object('status', 'refused', 'reason', 'draining');
    END IF;
    FOR payment IN SELECT * FROM instruction WHERE status = 'queued' ORDER BY accepted_seq LOOP
        payment.reason := CASE WHEN eligible(payment.priority, mode) THEN 'unfunded-at-close' ELSE 'held-at-close' END;
        payment.final_seq := chain(calendar.day, 'reject', payment.key,
            content(payment) || jsonb_build_object('reason', payment.reason));
        UPDATE instruction SET status = 'rejected', reason = payment.reason, final_seq = payment.final_seq
            WHERE key = payment.key;
    END LOOP;
    INSERT INTO position (day, participant, opening_cents, debits_cents, credits_cents, closing_cents)
        SELECT calendar.day, participant, opening_cents, debits_cents, credits_cents, balance_cents FROM account;
    PERFORM chain(calendar.day, 'close', NULL, jsonb_build_object('day', calendar.day, 'positions',
        (SELECT jsonb_agg(position_of(p) ORDER BY participant) FROM position p WHERE day = calendar.day)));
    calendar.closed_us := now_us();
    UPDATE business_day SET closed_us = calendar.closed_us WHERE day = calendar.day;
    -- Days that passed while nobody could close are skipped: the next one has its cut-off ahead of it.
    days := 1 + (calendar.closed_us - calendar.cut_off_us) / day_us;
    PERFORM open_day(ROW(calendar.day + 1, calendar.date + days, calendar.closed_us,
        calendar.cut_off_us + days * day_us, calendar.close_by_us + days * day_us, NULL));
    RETURN jsonb_build_object('status', 'closed');
END
$$;

CREATE FUNCTION position_of(p ledger.position) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('participant', p.participant, 'opening_cents', p.opening_cents,
        'debits_cents', p.debits_cents, 'credits_cents', p.credits_cents, 'closing_cents', p.closing_cents)
$$;

-- Tell a participant its position of a day, once that day is closed; with closing_cents it confirms it, if it agrees.
CREATE FUNCTION settle_position(request jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    found_position ledger.position;
BEGIN
    SELECT * INTO found_position FROM position
        WHERE day = (request->>'day')::integer AND participant = request->>'participant';
    IF NOT FOUND THEN
        RETURN jsonb_build_object('status', 'no-position');
    END IF;
    IF request ? 'closing_cents' THEN
        IF (request->>'closing_cents')::bigint <> found_position.closing_cents THEN
            RETURN position_of(found_position) || jsonb_build_object('status', 'disagreement');
        ELSIF NOT found_position.confirmed THEN
            found_position.confirmed := true;
            UPDATE position SET confirmed = true, confirmed_us = now_us()
                WHERE day = found_position.day AND participant = found_position.participant;
        END IF;
    END IF;
    RETURN position_of(found_position)
        || jsonb_build_object('status', 'position', 'day', found_position.day, 'confirmed', found_position.confirmed);
END
$$;
