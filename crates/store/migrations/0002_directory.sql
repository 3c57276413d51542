-- A firm's own view of the directory of institutions: what it changed, what people looked for in vain, and what they
-- asked for.

-- How new a firm's directory is. Whoever edits raises it first, so that two can't edit at the same time.
CREATE TABLE firm_directory (
    firm_id TEXT NOT NULL PRIMARY KEY REFERENCES firm (id),
    revision {int} NOT NULL
) {strict};

-- The history of a firm's offerings; rows are only added, and the newest of an offering holds.
CREATE TABLE offering_edit (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    offering TEXT NOT NULL,
    -- counts from 1 for each offering: compare-and-set of those who edit
    version {int} NOT NULL,
    kind TEXT NOT NULL,
    -- the fields that the firm has its own way, as JSON, over what the binary knows
    changes TEXT NOT NULL,
    comment TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    created_at {int} NOT NULL
) {strict};
CREATE UNIQUE INDEX offering_edit_version ON offering_edit (firm_id, offering, version);

-- Searches that found nothing or were corrected, by day: nothing tells who typed them, or when on that day.
CREATE TABLE directory_search (
    firm_id TEXT NOT NULL REFERENCES firm (id),
    day TEXT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- what was chosen in the end; empty for nothing
    offering TEXT NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (firm_id, day, text, kind, offering)
) {strict};
CREATE INDEX directory_search_by_day ON directory_search (day);

CREATE TABLE institution_request (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    household_id TEXT NOT NULL REFERENCES household (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    typed TEXT NOT NULL,
    address TEXT NOT NULL,
    -- what makes two requests the same
    wanted TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    offering TEXT,
    created_at {int} NOT NULL,
    closed_at {int},
    form_key TEXT NOT NULL
) {strict};
-- a form that is sent twice makes one request, and one who asks twice asks once
CREATE UNIQUE INDEX institution_request_form ON institution_request (person_id, form_key);
CREATE UNIQUE INDEX institution_request_open ON institution_request (person_id, wanted) WHERE closed_at IS NULL;
CREATE INDEX institution_request_by_firm ON institution_request (firm_id, created_at);
