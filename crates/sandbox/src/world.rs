//! Everything that changes while the sandbox runs: clock, personas, faults, phone, counters, log. In memory, behind one lock
//! that is never held across an await.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog;
use crate::clock::Clock;
use crate::fault::Active;
use crate::institution::Institution;
use crate::market::Market;
use crate::persona::{State, User};
use crate::phone::Phone;
use crate::random::dice;

const LOG_ENTRIES_MAX: usize = 2_000;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub address: String,
    pub market: Market,
    seed: u64,
    state: Mutex<Changing>,
}

/// The part behind the lock.
#[derive(Debug)]
pub(crate) struct Changing {
    pub clock: Clock,
    pub faults: Vec<Active>,
    pub phone: Phone,
    pub log: VecDeque<Entry>,
    pub institutions: BTreeMap<&'static str, Traffic>,
    users: BTreeMap<(&'static str, &'static str, u32), (User, State)>,
    downloads: u64,
}

/// Counters of an institution.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Traffic {
    pub requests: u32,
    pub profiles: u32,
    /// Answered with HTTP 400.
    pub unreadable: u32,
    pub faults: u32,
}

/// A line of `GET /api/log`. Never holds a password, an answer, a code or a key.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub at: Timestamp,
    pub institution: &'static str,
    pub login: Option<String>,
    pub version: Option<u16>,
    /// The requests of the file, such as `ACCTINFOTRNRQ`.
    pub messages: Vec<String>,
    /// Signon status code.
    pub status: Option<u32>,
    pub fault: Option<crate::fault::Kind>,
    pub http: u16,
}

impl World {
    pub(crate) fn new(address: String, seed: u64, clock: Clock) -> Self {
        Self { address, market: Market::new(seed), seed, state: Mutex::new(Changing::new(clock)) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Changing> {
        // A panicking handler leaves counters behind at worst; the sandbox goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lock().clock.now()
    }

    /// The seed of a user's data.
    pub(crate) fn user_seed(&self, institution: &Institution, user: User) -> u64 {
        dice(self.seed, &format!("{}/{}", institution.id, user.login()))
    }

    /// The institution's page for its customers: each under a name of its own, since people are asked to compare it.
    /// Browsers find every `.localhost` on this machine (RFC 6761 §6.3).
    pub(crate) fn site(&self, institution: &Institution) -> String {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        format!("http://{id}.localhost:{port}/site/{id}", id = institution.id)
    }

    pub(crate) fn ofx_url(&self, institution: &Institution) -> String {
        format!("{}/ofx/{}", self.address, institution.id)
    }
}

impl Changing {
    fn new(clock: Clock) -> Self {
        Self {
            clock,
            faults: Vec::new(),
            phone: Phone::default(),
            log: VecDeque::new(),
            institutions: BTreeMap::new(),
            users: BTreeMap::new(),
            downloads: 0,
        }
    }

    /// Back to the start, for one institution or for all. The clock stays.
    pub(crate) fn reset(&mut self, institution: Option<&str>) {
        let Some(id) = institution else {
            *self = Self::new(self.clock.clone());
            return;
        };
        self.users.retain(|(institution, _, _), _| *institution != id);
        self.institutions.remove(id);
        self.faults.retain(|fault| fault.institution != id);
        self.log.retain(|entry| entry.institution != id);
    }

    pub(crate) fn user(&mut self, institution: &Institution, user: User) -> &mut State {
        let key = (institution.id, user.persona.login, user.number);
        &mut self.users.entry(key).or_insert_with(|| (user, State::new(user.persona))).1
    }

    pub(crate) fn traffic(&mut self, institution: &Institution) -> &mut Traffic {
        self.institutions.entry(institution.id).or_default()
    }

    pub(crate) fn write_down(&mut self, entry: Entry) {
        self.log.push_front(entry);
        self.log.truncate(LOG_ENTRIES_MAX);
    }

    /// Another number for each download, for institutions whose FITIDs change.
    pub(crate) fn next_download(&mut self) -> u64 {
        self.downloads += 1;
        self.downloads
    }

    /// All personas of the catalog, those that nobody has used yet as well, and the further users of each.
    pub(crate) fn each_user(&mut self, mut visit: impl FnMut(&'static Institution, User, &State)) {
        for institution in catalog::INSTITUTIONS.iter() {
            for persona in institution.personas {
                self.user(institution, User { persona, number: 0 });
            }
            for ((id, _, _), (user, state)) in &self.users {
                if *id == institution.id {
                    visit(institution, *user, state);
                }
            }
        }
    }
}
