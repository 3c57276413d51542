//! Everything that changes while the sandbox runs: clock, personas, faults, phone, counters, log. In memory, behind one lock
//! that is never held across an await.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog;
use crate::clock::Clock;
use crate::fault::Active;
use crate::institution::Institution;
use crate::persona::{Persona, State};
use crate::phone::Phone;
use crate::random::dice;

const LOG_ENTRIES_MAX: usize = 2_000;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub address: String,
    pub seed: u64,
    state: Mutex<Changing>,
}

/// The part behind the lock.
#[derive(Debug)]
pub(crate) struct Changing {
    pub clock: Clock,
    pub faults: Vec<Active>,
    pub phone: Phone,
    pub log: VecDeque<Entry>,
    pub institutions: BTreeMap<&'static str, Requests>,
    personas: HashMap<(&'static str, &'static str), State>,
    downloads: u64,
}

/// Counters of an institution.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Requests {
    pub requests: u32,
    pub profile_requests: u32,
    pub bad_requests: u32,
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
        Self { address, seed, state: Mutex::new(Changing::new(clock)) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Changing> {
        // A panicking handler leaves counters behind at worst; the sandbox goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lock().clock.now()
    }

    /// The seed of a persona's data.
    pub(crate) fn persona_seed(&self, institution: &Institution, persona: &Persona) -> u64 {
        dice(self.seed, &format!("{}/{}", institution.id, persona.login))
    }

    /// The institution's page for its customers.
    pub(crate) fn site(&self, institution: &Institution) -> String {
        format!("{}/site/{}", self.address, institution.id)
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
            personas: HashMap::new(),
            downloads: 0,
        }
    }

    /// Back to the start, for one institution or for all. The clock stays.
    pub(crate) fn reset(&mut self, institution: Option<&str>) {
        let Some(id) = institution else {
            *self = Self::new(self.clock.clone());
            return;
        };
        self.personas.retain(|(institution, _), _| *institution != id);
        self.institutions.remove(id);
        self.faults.retain(|fault| fault.institution != id);
        self.log.retain(|entry| entry.institution != id);
    }

    pub(crate) fn persona(&mut self, institution: &Institution, persona: &Persona) -> &mut State {
        self.personas.entry((institution.id, persona.login)).or_insert_with(|| State::new(persona))
    }

    pub(crate) fn requests(&mut self, institution: &Institution) -> &mut Requests {
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

    /// All personas of the catalog, those that nobody has used yet as well.
    pub(crate) fn each_persona(
        &mut self,
        mut visit: impl FnMut(&'static Institution, &'static Persona, &State),
    ) {
        for institution in catalog::INSTITUTIONS.iter() {
            for persona in institution.personas {
                visit(institution, persona, self.persona(institution, persona));
            }
        }
    }
}
