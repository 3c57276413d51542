//! Limits with their units, in one place. Each has a test that goes one over.

use std::time::Duration;

/// A field of an institution's login form. OFX 2.3 §2.5.1.2 allows 171 characters for an encrypted password.
pub const LOGIN_FIELD_BYTES_MAX: usize = 512;
/// An answer to an institution's question; OFX 2.3 §2.5.4.3 allows 64 characters.
pub const ANSWER_BYTES_MAX: usize = 256;
/// Rejected logins in a row after which nothing is tried until the client has confirmed the login at the institution.
pub const REJECTED_LOGINS_MAX: u32 = 3;
/// Wrong answers to one challenge after which the attempt ends.
pub const ANSWER_TRIES_MAX: u32 = 3;
/// Failures in a row (not the institution's) after which a connection is suspended.
pub const FAILURES_IN_ROW_MAX: u32 = 10;
/// Runs in which a listed account must be missing before it is flagged.
pub const MISSING_RUNS_FLAGGED: u32 = 3;
/// The least time between two refreshes by hand of one connection.
pub const MANUAL_REFRESH_PAUSE: Duration = Duration::from_mins(15);
/// How long an institution's challenge is held open when the institution doesn't say.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_mins(10);
/// The least time before a client can have a code sent again.
pub const SEND_AGAIN_PAUSE: Duration = Duration::from_secs(30);
/// After this a page of steps says that it takes longer and that the client may leave.
pub const SLOW_AFTER: Duration = Duration::from_mins(1);
/// How long a worker owns a claimed connection.
pub const LEASE: Duration = Duration::from_mins(2);
/// The longest single step of a connector; shorter than the lease, so that a living worker is never overtaken.
pub const STEP_TIMEOUT: Duration = Duration::from_mins(1);
/// Attempts at one institution at the same time, over all nodes.
pub const INSTITUTION_CONCURRENCY_MAX: u32 = 4;
/// Institution failures in a row that open its breaker.
pub const BREAKER_FAILURES: u32 = 5;
/// How long an open breaker lets nothing but a probe through.
pub const BREAKER_PAUSE: Duration = Duration::from_mins(15);
/// The longest that an institution can put off the next try by itself.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// An invitation.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(7 * 24);
/// A session without use.
pub const SESSION_IDLE_MAX: Duration = Duration::from_mins(30);
/// A session with use.
pub const SESSION_LIFETIME_MAX: Duration = Duration::from_hours(12);
/// How long after its end an invitation's link still leads to a page that says so.
pub const INVITATION_LINKS_KEPT: Duration = Duration::from_hours(30 * 24);
/// How long the questions of institutions are kept once they are closed.
pub const CHALLENGES_KEPT: Duration = Duration::from_hours(30 * 24);
/// How long ended runs are kept; the latest of each connection stays.
pub const ATTEMPTS_KEPT: Duration = Duration::from_hours(365 * 24);
/// Passwords of the portal, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longer passwords only cost hashing time.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Names of people, accounts and institutions typed by hand, in characters.
pub const NAME_CHARS_MAX: usize = 120;
/// Personal tokens of one client.
pub const TOKENS_MAX: usize = 20;
/// An answer of an institution, in bytes, unpacked.
pub const RESPONSE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Transactions on one page of an account.
pub const TRANSACTIONS_PER_PAGE: u32 = 50;
/// How far back values are asked for at the first connection, and how much overlap a refresh asks for.
pub const HISTORY_DAYS: i32 = 90;
/// An institution may post an entry dated earlier (OFX 2.3 §11.4.2.1), so each refresh asks for this overlap.
pub const OVERLAP_DAYS: i32 = 10;
/// Web addresses typed by hand, in characters.
pub const ADDRESS_CHARS_MAX: usize = 200;
/// Other names of one institution; the best-known have some fifty.
pub const ALIASES_MAX: usize = 200;
/// One other name of an institution, in characters.
pub const ALIAS_CHARS_MAX: usize = 80;
/// What data support tells those who find an institution, and why something was changed or declined, in characters.
pub const NOTE_CHARS_MAX: usize = 600;
/// Of a search that is kept, in characters.
pub const SEARCH_CHARS_KEPT: usize = 60;
/// Different texts of searches kept a day, so that nobody can fill the database by typing.
pub const SEARCHES_A_DAY_MAX: u32 = 1_000;
/// How long searches are kept.
pub const SEARCHES_KEPT_DAYS: i32 = 400;
/// Open requests for institutions of one person.
pub const REQUESTS_MAX: usize = 20;
