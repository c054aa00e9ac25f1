-- The ledger's entrance: what the gateways may call, and nothing else. The opening of the first day follows.

-- Answer a batch of requests in order, in one transaction. The answers count only once that transaction is committed.
CREATE FUNCTION handle(requests jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp
AS $$
DECLARE
    request jsonb;
    calendar business_day;
    standing head;
    answers jsonb[] := '{}';
BEGIN
    PERFORM require_two_sites();
    UPDATE head SET answered = answered + jsonb_array_length(requests) RETURNING * INTO standing;
    IF standing.draining THEN
        PERFORM drain(standing.mode);
    END IF;
    SELECT * INTO STRICT calendar FROM business_day WHERE closed_us IS NULL;
    FOR request IN SELECT value FROM jsonb_array_elements(requests) WITH ORDINALITY ORDER BY ordinality LOOP
        CASE request->>'op'
            WHEN 'instruct' THEN answers := answers || instruct(request, calendar, standing.mode);
            WHEN 'look' THEN answers := answers || look(request);
            WHEN 'position' THEN answers := answers || settle_position(request);
            WHEN 'calendar' THEN answers := answers || '{"status": "calendar"}'::jsonb;
            WHEN 'schedule' THEN answers := answers || schedule(request, calendar);
            WHEN 'close' THEN answers := answers || close_day(request, calendar, standing.mode);
            WHEN 'queue' THEN answers := answers || show_queue(request, standing.mode);
            WHEN 'resolve' THEN answers := answers || resolve(request, calendar, standing.mode);
            WHEN 'mode' THEN answers := answers || set_mode(request, calendar);
            WHEN 'assign' THEN answers := answers || assign(request, calendar);
            WHEN 'follow' THEN answers := answers || follow(request);
        END CASE;
        IF request->>'op' IN ('schedule', 'close') THEN
            SELECT * INTO STRICT calendar FROM business_day WHERE closed_us IS NULL;
        ELSIF request->>'op' = 'mode' THEN
            SELECT * INTO STRICT standing FROM head;
        END IF;
    END LOOP;
    RETURN jsonb_build_object('calendar', calendar_of(calendar), 'answers', to_jsonb(answers), 'standing',
        (SELECT jsonb_build_object('mode', mode, 'draining', draining,
            'queueing', EXISTS (SELECT FROM instruction WHERE status = 'queued')) FROM head));
END
$$;

-- What this copy has of some instructions, durable at a second site or not: nothing may be promised on it. It is here
-- because every ledger has such a read, and the naive gateway shows what comes of answering from it.
CREATE FUNCTION glance(keys text[]) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(i.key, told(i) || content(i)), '{}') FROM instruction i WHERE i.key = ANY (keys)
$$;

CREATE FUNCTION establish(accounts jsonb, duties jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO duty (task, holder, candidates)
        SELECT task, candidates->>0, ARRAY(SELECT jsonb_array_elements_text(candidates))
        FROM jsonb_each(duties) AS d (task, candidates);
    INSERT INTO account (participant, opening_cents, balance_cents, limit_cents)
        SELECT participant, opening_cents, opening_cents, limit_cents
        FROM jsonb_to_recordset(accounts) AS a (participant text, opening_cents bigint, limit_cents bigint);
    -- Until an operator says otherwise the first day lasts as long as a day does.
    PERFORM open_day(ROW(1, (now() AT TIME ZONE 'UTC')::date, now_us(), now_us() + 86400000000,
        now_us() + 90000000000, NULL));
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO ledger_app, auditor;
GRANT EXECUTE ON FUNCTION handle(jsonb), glance(text[]) TO ledger_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO auditor;
