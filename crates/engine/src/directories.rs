//! Each firm's view of the directory: what the binary knows with the firm's edits put over it, kept in memory.
//!
//! A view is built off the threads that answer requests, which get the one before until then. A node notices what another
//! one edited by a signal, and without it by a cheap look at the firm's revision (decision 0012).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use directory::Directory;
use domain::{
    FirmId, Timestamp,
    edit::{self, Edit},
    institution::Offering,
};
use store::{Store, Topic};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use crate::{Engine, Error};

/// Between two looks at a firm's revision.
const LOOK: Duration = Duration::from_secs(2);

/// The views of a node.
pub(crate) struct Directories {
    kept: Mutex<HashMap<FirmId, Kept>>,
    signals: Mutex<Receiver<Topic>>,
    /// One is built at a time: whoever comes next finds it.
    building: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    revision: i64,
    directory: Arc<Directory>,
    /// When the revision was last compared; `None` when it may have changed since.
    looked_at: Option<Timestamp>,
}

impl Directories {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            kept: Mutex::default(),
            signals: Mutex::new(store.signals()),
            building: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in what was signalled since.
    fn hear(&self) {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match signals.try_recv() {
                Ok(Topic::Directory(firm)) => self.doubt(|other| other == firm),
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => self.doubt(|_| true),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn doubt(&self, which: impl Fn(FirmId) -> bool) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter_mut().filter(|(firm, _)| which(**firm)).for_each(|(_, kept)| kept.looked_at = None);
    }

    fn get(&self, firm: FirmId) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&firm).cloned()
    }

    /// The view of a firm, and whether its revision is to be compared. Of several who ask at once one is told so.
    fn look(&self, firm: FirmId, now: Timestamp) -> Option<(Kept, bool)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_mut(&firm)?;
        // A clock that was set back must not stop the looking.
        let due = kept.looked_at.is_none_or(|at| now < at || now >= at + LOOK);
        if due {
            kept.looked_at = Some(now);
        }
        Some((kept.clone(), due))
    }

    /// Keeps a view, unless a newer one is there; returns the one that is.
    fn keep(&self, firm: FirmId, new: Kept) -> Arc<Directory> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(&firm) {
            Some(there) if there.revision > new.revision => Arc::clone(&there.directory),
            _ => {
                let directory = Arc::clone(&new.directory);
                kept.insert(firm, new);
                directory
            }
        }
    }
}

impl Engine {
    /// The institutions as a firm sees them: now, or as they were until a moment ago.
    pub async fn directory(&self, firm: FirmId) -> Result<Arc<Directory>, Error> {
        self.directories.hear();
        let Some((kept, due)) = self.directories.look(firm, self.now()) else {
            return self.renew_directory(firm).await;
        };
        if !due {
            return Ok(kept.directory);
        }
        match self.inner.store.engine().directory_revision(firm).await {
            Ok(revision) if revision != kept.revision => {
                let engine = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = engine.renew_directory(firm).await {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "a directory stays as it was"
                        );
                    }
                });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the revision of a directory can't be read"),
        }
        Ok(kept.directory)
    }

    /// Builds a firm's view anew if it has changed.
    pub(crate) async fn renew_directory(&self, firm: FirmId) -> Result<Arc<Directory>, Error> {
        let _one = self.directories.building.lock().await;
        let (engine, looked_at) = (self.inner.store.engine(), Some(self.now()));
        // The revision first: edits that come after it are in the view all the same, and looked for once more.
        let revision = engine.directory_revision(firm).await?;
        if let Some(kept) = self.directories.get(firm).filter(|kept| kept.revision == revision) {
            return Ok(kept.directory);
        }
        let base = self.base_directory();
        let directory = if revision == 0 {
            base
        } else {
            let edits = engine.current_edits(firm).await?;
            tokio::task::spawn_blocking(move || over(base, &edits)).await?
        };
        Ok(self.directories.keep(firm, Kept { revision, directory, looked_at }))
    }

    /// The institutions without any firm's edits.
    pub fn base_directory(&self) -> Arc<Directory> {
        Arc::clone(&self.inner.directory)
    }

    /// An offering as the binary has it, or what a firm's own one begins as.
    pub(crate) fn base_offering(&self, id: &str) -> Option<Offering> {
        let known = self.inner.directory.offering(id).cloned();
        known.or_else(|| edit::is_own(id).then(|| edit::blank(id)))
    }
}

/// The directory with what holds of a firm's edits.
fn over(base: Arc<Directory>, edits: &[Edit]) -> Arc<Directory> {
    let own: Vec<Offering> = edits.iter().filter_map(|edit| offering(&base, edit)).collect();
    if own.is_empty() {
        return base;
    }
    let directory = base.with(own);
    directory.prepare();
    Arc::new(directory)
}

/// What an edit makes; `None` when nothing differs, or when what it was made over has left the directory.
fn offering(base: &Directory, edit: &Edit) -> Option<Offering> {
    match base.offering(&edit.offering) {
        Some(known) => (!edit.changes.is_empty()).then(|| edit.changes.over(known)),
        None if edit::is_own(&edit.offering) && edit.changes.is_whole() => {
            Some(edit.changes.over(&edit::blank(&edit.offering)))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::edit::{Changes, EditKind};

    use super::*;

    fn edit(offering: &str, changes: Changes) -> Edit {
        let (kind, at) = (EditKind::Corrected, Timestamp::UNIX_EPOCH);
        let (comment, by) = (String::new(), String::new());
        Edit { offering: offering.to_owned(), version: 1, kind, changes, comment, by, at }
    }

    #[test]
    fn edits_lie_over_what_the_binary_knows_and_beside_it() {
        let harbor = Offering { name: "Harbor".to_owned(), ..edit::blank("harbor") };
        let base = Arc::new(Directory::of(vec![harbor]));
        let name = |name: &str| Changes { name: Some(name.to_owned()), ..Changes::default() };
        let own = Changes { home_url: Some("https://pine.example".to_owned()), ..name("Pine Bank") };
        let edits = [
            edit("harbor", name("Harbor Trust")),
            edit("firm-pine-1", own),
            // Its base has left the directory.
            edit("gone", name("Gone")),
        ];
        let firm = over(Arc::clone(&base), &edits);
        let names: Vec<&str> = firm.offerings().iter().map(|offering| offering.name.as_str()).collect();
        assert_eq!(names, ["Harbor Trust", "Pine Bank"]);
        assert_eq!(base.offerings()[0].name, "Harbor");
        assert!(Arc::ptr_eq(&base, &over(Arc::clone(&base), &[edit("harbor", Changes::default())])));
    }
}
