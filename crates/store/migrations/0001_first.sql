-- One text for both databases: {int} {bool} {bytes} become the native types, {strict} becomes STRICT on SQLite.
-- ids and dates are TEXT, times are microseconds UTC, money is minor units beside its currency, quantities and prices
-- are decimal TEXT.

CREATE TABLE firm (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    household_id TEXT,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    -- lower-cased; the login, so it names one person over all firms
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    password_changed_at {int} NOT NULL,
    created_at {int} NOT NULL,
    -- a client must belong to a household, staff must not
    CHECK ((household_id IS NOT NULL) = (role IN ('client', 'co_client')))
) {strict};

CREATE TABLE household (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    name TEXT NOT NULL,
    advisor_id TEXT NOT NULL REFERENCES person (id),
    advisor_may_find_new {bool} NOT NULL,
    -- raised by each transaction that changes something of the household, so that a list read before is known to hold
    revision {int} NOT NULL,
    created_at {int} NOT NULL
) {strict};
CREATE INDEX household_by_firm ON household (firm_id);
CREATE INDEX household_by_advisor ON household (advisor_id);
CREATE INDEX person_by_household ON person (household_id);

CREATE TABLE invitation (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    household_id TEXT NOT NULL REFERENCES household (id),
    invited_by TEXT NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    -- SHA-256 of the link's token; the token itself is shown once. Forgotten some time after the link's end
    token_hash {bytes} UNIQUE,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    used_at {int},
    requested_again_at {int}
) {strict};
CREATE INDEX invitation_by_household ON invitation (household_id);

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    token_hash {bytes} NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    last_seen_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    agent TEXT NOT NULL
) {strict};
CREATE INDEX session_by_person ON session (person_id);

-- Failed sign-ins in a row, by a keyed hash of what was typed: also for logins that don't exist, so that both answer alike.
CREATE TABLE sign_in_guard (
    key {bytes} NOT NULL PRIMARY KEY,
    failures {int} NOT NULL,
    locked_until {int} NOT NULL,
    last_failed_at {int} NOT NULL
) {strict};

CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    token_hash {bytes} NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    last_used_at {int},
    revoked_at {int}
) {strict};
CREATE INDEX api_token_by_person ON api_token (person_id);

CREATE TABLE connection (
    id TEXT NOT NULL PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm (id),
    household_id TEXT NOT NULL REFERENCES household (id),
    owner_id TEXT NOT NULL REFERENCES person (id),
    offering TEXT NOT NULL,
    institution TEXT NOT NULL,
    reason TEXT NOT NULL,
    since {int} NOT NULL,
    work_kind TEXT,
    work_attended {bool} NOT NULL,
    due_at {int},
    last_attempt_at {int},
    last_success_at {int},
    manual_refresh_after {int},
    rejected_in_row {int} NOT NULL,
    failures_in_row {int} NOT NULL,
    -- the institution asks a person each time: nothing is fetched by itself
    attended_only {bool} NOT NULL,
    -- compare-and-set of people and workers
    version {int} NOT NULL,
    -- raised by each claim and checked in the same update that applies, so that a worker paused beyond its lease loses
    fence {int} NOT NULL,
    lease_node TEXT,
    lease_until {int},
    created_at {int} NOT NULL,
    -- a form that is sent twice makes one connection
    form_key TEXT UNIQUE
) {strict};
CREATE INDEX connection_by_household ON connection (household_id, offering);
CREATE INDEX connection_by_offering ON connection (offering);
CREATE INDEX connection_due ON connection (due_at);
-- few at a time, and never behind a night's regular work
CREATE INDEX connection_asked ON connection (due_at) WHERE work_kind IS NOT NULL;
-- only what is being worked on
CREATE INDEX connection_leased ON connection (lease_until, offering) WHERE lease_until IS NOT NULL;

-- A random key per connection, wrapped by the master key `master_key`. Destroying it destroys the connection's secrets.
CREATE TABLE data_key (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL UNIQUE REFERENCES connection (id),
    master_key TEXT NOT NULL,
    wrapped {bytes} NOT NULL,
    created_at {int} NOT NULL
) {strict};

-- Login, answers and protocol memo of a connection, sealed by its data key.
CREATE TABLE sealed (
    connection_id TEXT NOT NULL REFERENCES connection (id),
    purpose TEXT NOT NULL,
    data_key_id TEXT NOT NULL REFERENCES data_key (id),
    bytes {bytes} NOT NULL,
    updated_at {int} NOT NULL,
    PRIMARY KEY (connection_id, purpose)
) {strict};
CREATE INDEX sealed_by_key ON sealed (data_key_id);

-- A known text sealed under each master key that was ever active: a wrong key is noticed at the start.
CREATE TABLE canary (
    master_key TEXT NOT NULL PRIMARY KEY,
    bytes {bytes} NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE attempt (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connection (id),
    kind TEXT NOT NULL,
    attended {bool} NOT NULL,
    stage TEXT NOT NULL,
    -- steps taken so far: the next one begins or resumes
    steps {int} NOT NULL,
    -- claims since the last step: a run that kills its workers is given up
    tries {int} NOT NULL,
    started_at {int} NOT NULL,
    ended_at {int},
    outcome TEXT,
    -- how many of the accounts that it found the client added; NULL before a decision
    added {int},
    say TEXT,
    detail TEXT NOT NULL
) {strict};
-- one run at a time
CREATE UNIQUE INDEX attempt_open ON attempt (connection_id) WHERE ended_at IS NULL;
CREATE INDEX attempt_by_connection ON attempt (connection_id, started_at);

CREATE TABLE challenge (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connection (id),
    attempt_id TEXT NOT NULL REFERENCES attempt (id),
    round {int} NOT NULL,
    questions TEXT NOT NULL,
    asked_at {int} NOT NULL,
    deadline {int} NOT NULL,
    tries_left {int} NOT NULL,
    wrong_before {bool} NOT NULL,
    expired_before {bool} NOT NULL,
    right_before {bool} NOT NULL,
    -- answered, expired, ended
    closed_at {int},
    closed_as TEXT
) {strict};
CREATE UNIQUE INDEX challenge_round ON challenge (attempt_id, round);
CREATE UNIQUE INDEX challenge_open ON challenge (connection_id) WHERE closed_at IS NULL;

-- One row an offering that was ever used: the breaker, shared by all nodes.
CREATE TABLE institution_health (
    offering TEXT NOT NULL PRIMARY KEY,
    failures_in_row {int} NOT NULL,
    -- the breaker is open until then; one probe is let through when it passes
    open_until {int},
    -- since when it fails
    failing_since {int},
    last_success_at {int},
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE notice_confirmation (
    person_id TEXT NOT NULL REFERENCES person (id),
    offering TEXT NOT NULL,
    notice_version {int} NOT NULL,
    confirmed_at {int} NOT NULL,
    PRIMARY KEY (person_id, offering, notice_version)
) {strict};

-- "Tell me when this institution can be connected" and "tell me when it works again".
CREATE TABLE wish (
    person_id TEXT NOT NULL REFERENCES person (id),
    offering TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at {int} NOT NULL,
    fulfilled_at {int},
    PRIMARY KEY (person_id, offering, kind)
) {strict};
CREATE INDEX wish_by_offering ON wish (offering, kind);

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    household_id TEXT NOT NULL REFERENCES household (id),
    connection_id TEXT REFERENCES connection (id),
    standing TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    institution TEXT NOT NULL,
    last_digits TEXT NOT NULL,
    currency TEXT NOT NULL,
    counted {bool} NOT NULL,
    amount {int},
    available {int},
    as_of TEXT,
    updated_at {int},
    missing_runs {int} NOT NULL,
    -- the day on which the client said that it was closed
    closed_on TEXT,
    -- how it is recognized again: the institution's lasting key, a keyed hash of the number, bank and type
    persistent_key TEXT,
    number_hash {bytes},
    qualifier TEXT NOT NULL,
    -- the institution's own name for it when last listed; `name` is the household's and stays
    listed_name TEXT NOT NULL,
    kind_guessed {bool} NOT NULL,
    -- what has not come in the last run, as a reason code
    incomplete TEXT,
    holdings_as_of TEXT,
    -- from this day on its entries are known without a gap
    entries_since TEXT,
    created_at {int} NOT NULL,
    -- deleted by the client; can be undone for 30 days
    deleted_at {int},
    version {int} NOT NULL,
    -- a form that is sent twice makes one account
    form_key TEXT UNIQUE
) {strict};
CREATE INDEX account_by_household ON account (household_id);
-- what is to be erased
CREATE INDEX account_deleted ON account (deleted_at) WHERE deleted_at IS NOT NULL;
-- one account per entry of an institution's list
CREATE UNIQUE INDEX account_entry ON account (connection_id, number_hash, qualifier);

CREATE TABLE account_value (
    account_id TEXT NOT NULL REFERENCES account (id),
    day TEXT NOT NULL,
    amount {int} NOT NULL,
    updated_at {int} NOT NULL,
    PRIMARY KEY (account_id, day)
) {strict};

CREATE TABLE holding (
    account_id TEXT NOT NULL REFERENCES account (id),
    position {int} NOT NULL,
    security_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT,
    price_as_of TEXT,
    amount {int} NOT NULL,
    cost_basis {int},
    PRIMARY KEY (account_id, position)
) {strict};

-- Booked and pending entries. `entry_key` is the institution's id with a count for its repeats, or a fingerprint with a
-- count, so that the same entry is one row however often it is fetched, and true twins are two.
CREATE TABLE entry (
    account_id TEXT NOT NULL REFERENCES account (id),
    entry_key TEXT NOT NULL,
    native_id TEXT,
    posted_on TEXT NOT NULL,
    amount {int} NOT NULL,
    payee TEXT NOT NULL,
    memo TEXT NOT NULL,
    detail TEXT NOT NULL,
    quantity TEXT,
    pending {bool} NOT NULL,
    first_seen_at {int} NOT NULL,
    PRIMARY KEY (account_id, entry_key)
) {strict};
CREATE INDEX entry_by_day ON entry (account_id, posted_on, entry_key);

CREATE TABLE net_worth_day (
    household_id TEXT NOT NULL REFERENCES household (id),
    day TEXT NOT NULL,
    currency TEXT NOT NULL,
    assets {int} NOT NULL,
    debts {int} NOT NULL,
    PRIMARY KEY (household_id, day)
) {strict};

-- What people are told in the portal. `topic` and `topic_key` name one cause: it is told once, however often it happens.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    topic TEXT NOT NULL,
    topic_key TEXT NOT NULL,
    body TEXT NOT NULL,
    href TEXT NOT NULL,
    created_at {int} NOT NULL,
    read_at {int},
    UNIQUE (topic, topic_key, person_id)
) {strict};
CREATE INDEX outbox_unread ON outbox (person_id, read_at);

-- When house is to be kept next, so that one node of several does it.
CREATE TABLE housekeeping (
    job TEXT NOT NULL PRIMARY KEY,
    next_at {int} NOT NULL
) {strict};

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at {int} NOT NULL,
    -- the order within one transaction
    place {int} NOT NULL,
    firm_id TEXT,
    household_id TEXT,
    doer TEXT NOT NULL,
    person_id TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    operation TEXT NOT NULL
) {strict};
CREATE INDEX audit_by_household ON audit (household_id, at);
