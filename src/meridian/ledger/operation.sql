-- What is done besides taking instructions: gridlock resolution, settlement's mode, who is at work, and the stream of
-- what became final.

-- What a set of instructions takes from each participant and gives to it.
CREATE FUNCTION moved(keys text[]) RETURNS TABLE (participant text, debits bigint, credits bigint)
LANGUAGE sql STABLE AS $$
    SELECT side.participant, sum(side.debit)::bigint, sum(side.credit)::bigint
    FROM instruction i, LATERAL (VALUES (i.sender, i.amount_cents, 0), (i.receiver, 0, i.amount_cents))
        AS side (participant, debit, credit)
    WHERE i.key = ANY (keys) GROUP BY side.participant
$$;

-- Why a set of instructions cannot be settled at once, or NULL: all of them must wait, none may overtake another of its
-- sender, and nobody may be below its limit afterwards. Whoever proposed the set is not believed.
CREATE FUNCTION why_not_at_once(keys text[], mode text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF cardinality(keys) = 0 OR cardinality(keys) <> (SELECT count(*) FROM instruction
        WHERE key = ANY (keys) AND status = 'queued' AND eligible(priority, mode)) THEN
        RETURN 'not-all-queued';
    ELSIF EXISTS (SELECT FROM instruction ahead JOIN
        (SELECT sender, max(accepted_seq) AS last FROM instruction WHERE key = ANY (keys) GROUP BY sender) AS chosen
            USING (sender)
        WHERE ahead.status = 'queued' AND eligible(ahead.priority, mode) AND ahead.accepted_seq < chosen.last
            AND ahead.key <> ALL (keys)) THEN
        RETURN 'out-of-order';
    ELSIF EXISTS (SELECT FROM account a JOIN moved(keys) m USING (participant)
        WHERE a.balance_cents - m.debits + m.credits < -a.limit_cents) THEN
        RETURN 'below-limit';
    END IF;
    RETURN NULL;
END
$$;

-- Settle sets of queued instructions, each set at once, in the order in which they are given, as far as they hold. The
-- journal tells of each first how many there are, then them: only after the last one do balances have to be right.
CREATE FUNCTION resolve(request jsonb, calendar business_day, mode text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    part jsonb;
    keys text[];
    why text;
    head_line bigint;
    line bigint;
    payment instruction;
    settled integer := 0;
BEGIN
    FOR part IN SELECT value FROM jsonb_array_elements(request->'sets') WITH ORDINALITY ORDER BY ordinality LOOP
        keys := ARRAY(SELECT jsonb_array_elements_text(part->'keys'));
        why := why_not_at_once(keys, mode);
        EXIT WHEN why IS NOT NULL;
        head_line := chain(calendar.day, 'resolve', NULL, jsonb_build_object('day', calendar.day,
            'method', part->>'method', 'payments', cardinality(keys), 'at', now_us()));
        FOR payment IN SELECT * FROM instruction WHERE key = ANY (keys) ORDER BY accepted_seq LOOP
            line := settle_queued(payment, head_line);
            INSERT INTO entry (seq, key, participant, amount_cents)
            VALUES (line, payment.key, payment.sender, -payment.amount_cents),
                   (line, payment.key, payment.receiver, payment.amount_cents);
        END LOOP;
        UPDATE account SET debits_cents = debits_cents + m.debits, credits_cents = credits_cents + m.credits,
            balance_cents = balance_cents - m.debits + m.credits
            FROM moved(keys) m WHERE account.participant = m.participant;
        settled := settled + cardinality(keys);
    END LOOP;
    IF settled > 0 THEN
        PERFORM drain(mode);
    END IF;
    RETURN jsonb_build_object('status', CASE WHEN why IS NULL THEN 'resolved' ELSE 'refused' END, 'reason', why,
        'settled', settled);
END
$$;

-- Give a gateway the oldest of what is queued, and what everybody has, unless the other one looks for gridlock now.
CREATE FUNCTION show_queue(request jsonb, mode text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    lease_us CONSTANT bigint := 3000000;
    at_most CONSTANT integer := 500;
BEGIN
    UPDATE head SET resolver = request->>'gateway', resolver_until_us = now_us() + lease_us
        WHERE resolver IS NULL OR resolver = request->>'gateway' OR resolver_until_us < now_us();
    IF NOT FOUND THEN
        RETURN jsonb_build_object('status', 'not-resolving', 'resolver', (SELECT resolver FROM head));
    END IF;
    RETURN jsonb_build_object('status', 'queue',
        'available', (SELECT jsonb_object_agg(participant, balance_cents + limit_cents) FROM account),
        'queued', coalesce((SELECT jsonb_agg(jsonb_build_array(key, sender, receiver, amount_cents)
            ORDER BY accepted_seq) FROM (SELECT * FROM instruction
                WHERE status = 'queued' AND eligible(priority, mode) ORDER BY accepted_seq LIMIT at_most) AS oldest),
            '[]'));
END
$$;

-- Put settlement in a mode, for a reason that is kept. Queues have other heads then, and begin to drain: in full those
-- that were held back, in priority-only what is urgent and waited behind what is not.
CREATE FUNCTION set_mode(request jsonb, calendar business_day) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted text := request->>'mode';
BEGIN
    IF wanted IS NULL OR wanted NOT IN ('full', 'priority-only') THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'unknown-mode');
    ELSIF wanted <> (SELECT mode FROM head) THEN
        UPDATE head SET mode = wanted, draining = true;
        PERFORM chain(calendar.day, 'mode', NULL, jsonb_build_object('day', calendar.day, 'mode', wanted,
            'reason', request->>'reason', 'at', now_us()));
    END IF;
    RETURN jsonb_build_object('status', 'mode', 'mode', wanted);
END
$$;

-- Put somebody else to a task. Whoever held it before is refused by its term where it delivers.
CREATE FUNCTION assign(request jsonb, calendar business_day) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    known duty;
    wanted text := request->>'holder';
BEGIN
    SELECT * INTO known FROM duty WHERE task = request->>'task';
    IF NOT FOUND THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'unknown-task');
    ELSIF wanted IS NULL OR wanted <> ALL (known.candidates) THEN
        RETURN jsonb_build_object('status', 'refused', 'reason', 'unknown-holder');
    ELSIF wanted <> known.holder THEN
        UPDATE duty SET holder = wanted, term = term + 1 WHERE task = known.task RETURNING * INTO known;
        PERFORM chain(calendar.day, 'duty', NULL, jsonb_build_object('day', calendar.day, 'task', known.task,
            'holder', known.holder, 'term', known.term, 'reason', request->>'reason', 'at', now_us()));
    END IF;
    RETURN jsonb_build_object('status', 'duty') || on_duty(known);
END
$$;

CREATE FUNCTION on_duty(known duty) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('task', known.task, 'holder', known.holder, 'term', known.term)
$$;

-- What became final after a line of the journal, in order, and who is at work. ``last`` is where to go on from.
CREATE FUNCTION follow(request jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    at_most CONSTANT integer := 200;
    from_line CONSTANT bigint := (request->>'after')::bigint;
    to_line bigint := least(from_line + at_most, (SELECT max(seq) FROM journal));
BEGIN
    RETURN jsonb_build_object('status', 'stream', 'last', greatest(from_line, to_line),
        'more', to_line < (SELECT max(seq) FROM journal),
        'duties', (SELECT jsonb_object_agg(task, on_duty(duty)) FROM duty),
        'lines', coalesce((SELECT jsonb_agg(jsonb_build_object('seq', seq, 'kind', kind, 'body', body::jsonb)
            ORDER BY seq) FROM journal WHERE seq > from_line AND seq <= to_line
                AND kind IN ('settle', 'reject', 'close')), '[]'));
END
$$;
