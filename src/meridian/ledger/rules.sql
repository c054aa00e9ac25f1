-- How an instruction is settled, queued or rejected: FIFO queue per sender, limits, release on credits, hash chain.
-- `mode` is that of settlement, as the head has it.

CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;

-- Add a link to the chain: hash = sha256(previous hash ‖ body in UTF-8), before the first link 32 zero bytes.
CREATE FUNCTION chain(of_day integer, of_kind text, of_key text, content jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_seq bigint;
    last_hash bytea;
BEGIN
    SELECT seq, hash INTO last_seq, last_hash FROM journal ORDER BY seq DESC LIMIT 1;
    last_seq := coalesce(last_seq, 0) + 1;
    last_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
    INSERT INTO journal (seq, day, kind, key, body, hash)
    VALUES (last_seq, of_day, of_kind, of_key, content::text,
            sha256(last_hash || convert_to(content::text, 'UTF8')));
    RETURN last_seq;
END
$$;

CREATE FUNCTION content(payment instruction) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('key', payment.key, 'day', payment.day, 'sender', payment.sender,
        'receiver', payment.receiver, 'amount_cents', payment.amount_cents, 'priority', payment.priority)
$$;

-- Move the money of an instruction that the journal settled with line at_seq: two entries that sum to nothing.
CREATE FUNCTION book(payment instruction, at_seq bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET debits_cents = debits_cents + payment.amount_cents,
        balance_cents = balance_cents - payment.amount_cents WHERE participant = payment.sender;
    UPDATE account SET credits_cents = credits_cents + payment.amount_cents,
        balance_cents = balance_cents + payment.amount_cents WHERE participant = payment.receiver;
    INSERT INTO entry (seq, key, participant, amount_cents)
    VALUES (at_seq, payment.key, payment.sender, -payment.amount_cents),
           (at_seq, payment.key, payment.receiver, payment.amount_cents);
END
$$;

CREATE FUNCTION funded(payment instruction) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT balance_cents - payment.amount_cents >= -limit_cents FROM account WHERE participant = payment.sender
$$;

-- Whether an instruction may settle in this mode: in priority-only those that are not urgent wait.
CREATE FUNCTION eligible(priority text, mode text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT mode = 'full' OR priority = 'priority'
$$;

-- Write that a queued instruction is settled; moving the money is the caller's. Returns the line of the journal.
CREATE FUNCTION settle_queued(payment instruction, resolution bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    line bigint := chain(payment.day, 'settle', payment.key, content(payment) || jsonb_build_object('at', now_us())
        || CASE WHEN resolution IS NULL THEN '{}' ELSE jsonb_build_object('resolution', resolution) END);
BEGIN
    UPDATE instruction SET status = 'settled', final_seq = line WHERE key = payment.key;
    RETURN line;
END
$$;

-- Settle the heads of the queues of these participants while they fit, then of those whom that credited. Each settlement
-- only adds to what others have, so the order of the work changes nothing in what is settled. What is more than a
-- transaction should carry is left to drain().
CREATE FUNCTION release(credited text[], mode text, at_most integer DEFAULT 200) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    waiting text[] := credited;
    payer text;
    payment instruction;
    line bigint;
BEGIN
    WHILE cardinality(waiting) > 0 LOOP
        payer := waiting[1];
        waiting := waiting[2:];
        LOOP
            SELECT * INTO payment FROM instruction
                WHERE status = 'queued' AND sender = payer AND eligible(priority, mode)
                ORDER BY accepted_seq LIMIT 1;
            EXIT WHEN NOT FOUND OR NOT funded(payment);
            IF at_most = 0 THEN
                UPDATE head SET draining = true;
                RETURN;
            END IF;
            at_most := at_most - 1;
            line := settle_queued(payment, NULL);
            PERFORM book(payment, line);
            waiting := waiting || payment.receiver;
        END LOOP;
    END LOOP;
END
$$;

-- Go on with what release() left: all queues, oldest head first, a part of them in each transaction.
CREATE FUNCTION drain(mode text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE head SET draining = false;
    PERFORM release(coalesce((SELECT array_agg(sender ORDER BY first)
        FROM (SELECT sender, min(accepted_seq) AS first FROM instruction
            WHERE status = 'queued' AND eligible(priority, mode) GROUP BY sender) AS heads), '{}'), mode);
END
$$;

CREATE FUNCTION told(payment instruction) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('status', payment.status, 'key', payment.key, 'day', payment.day,
        'seq', coalesce(payment.final_seq, payment.accepted_seq), 'reason', payment.reason)
$$;

-- Take an instruction, once: the same key with the same content gets the recorded answer, with other content a conflict.
-- What names no two accounts or no amount is no instruction: it is told so, and nothing is kept.
CREATE FUNCTION instruct(request jsonb, calendar business_day, mode text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    payment instruction;
    known instruction;
    settled boolean;
BEGIN
    payment.key := request->>'key';
    payment.day := calendar.day;
    payment.sender := request->>'sender';
    payment.receiver := request->>'receiver';
    payment.amount_cents := (request->>'amount_cents')::bigint;
    payment.priority := request->>'priority';
    SELECT * INTO known FROM instruction WHERE key = payment.key;
    IF FOUND THEN
        IF (known.sender, known.receiver, known.amount_cents, known.priority)
            IS DISTINCT FROM (payment.sender, payment.receiver, payment.amount_cents, payment.priority) THEN
            RETURN jsonb_build_object('status', 'conflict', 'key', payment.key, 'reason', 'key-reused');
        END IF;
        RETURN told(known);
    END IF;
    IF payment.sender = payment.receiver
        OR (SELECT count(*) FROM account WHERE participant IN (payment.sender, payment.receiver)) <> 2 THEN
        RETURN jsonb_build_object('status', 'invalid', 'key', payment.key, 'reason', 'unknown-participant');
    END IF;
    IF payment.amount_cents <= 0 THEN
        RETURN jsonb_build_object('status', 'invalid', 'key', payment.key, 'reason', 'amount-not-positive');
    END IF;
    IF now_us() >= calendar.cut_off_us THEN
        payment.status := 'rejected';
        payment.reason := 'after-cut-off';
        payment.accepted_seq := chain(payment.day, 'reject', payment.key,
            content(payment) || jsonb_build_object('reason', payment.reason));
    ELSE
        settled := eligible(payment.priority, mode) AND funded(payment) AND NOT EXISTS (SELECT FROM instruction
            WHERE status = 'queued' AND sender = payment.sender AND eligible(priority, mode));
        payment.status := CASE WHEN settled THEN 'settled' ELSE 'queued' END;
        payment.accepted_seq := CASE WHEN settled
            THEN chain(payment.day, 'settle', payment.key, content(payment) || jsonb_build_object('at', now_us()))
            ELSE chain(payment.day, 'accept', payment.key, content(payment)) END;
    END IF;
    payment.final_seq := CASE WHEN payment.status <> 'queued' THEN payment.accepted_seq END;
    INSERT INTO instruction SELECT (payment).*;
    IF payment.status = 'settled' THEN
        PERFORM book(payment, payment.accepted_seq);
        PERFORM release(ARRAY[payment.receiver], mode);
    END IF;
    RETURN told(payment);
END
$$;

-- Tell a sender what became of its own instruction.
CREATE FUNCTION look(request jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    payment instruction;
BEGIN
    SELECT * INTO payment FROM instruction WHERE key = request->>'key' AND sender = request->>'sender';
    IF NOT FOUND THEN
        RETURN jsonb_build_object('status', 'unknown-key', 'key', request->>'key');
    END IF;
    RETURN told(payment);
END
$$;
