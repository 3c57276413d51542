//! The history of an offering as its page tells it.

use domain::{
    Timestamp,
    edit::{Edit, EditKind},
};
use engine::Kept;

use super::fields::differences;

pub(super) struct Entry {
    pub(super) version: u32,
    pub(super) what: &'static str,
    pub(super) icon: &'static str,
    pub(super) by: String,
    pub(super) when: String,
    pub(super) comment: String,
    /// Field, before, after.
    pub(super) changed: Vec<(&'static str, String, String)>,
    /// Whether it can be brought back: it isn't what holds.
    pub(super) restorable: bool,
}

pub(super) fn what(kind: EditKind) -> (&'static str, &'static str) {
    match kind {
        EditKind::Added => ("Added", "plus"),
        EditKind::Corrected => ("Corrected", "hand"),
        EditKind::Hidden => ("Hidden", "cross"),
        EditKind::Shown => ("Shown again", "check"),
        EditKind::Annotated => ("Note changed", "mail"),
        EditKind::Restored => ("Restored", "refresh"),
    }
}

/// The newest first.
pub(super) fn entries(kept: &Kept, may_edit: bool, told: impl Fn(Timestamp) -> String) -> Vec<Entry> {
    kept.history.iter().map(|edit| entry(kept, edit, may_edit, told(edit.at))).collect()
}

fn entry(kept: &Kept, edit: &Edit, may_edit: bool, when: String) -> Entry {
    let (what, icon) = what(edit.kind);
    let after = edit.changes.over(&kept.base);
    let before = kept.at(edit.version.saturating_sub(1)).unwrap_or_else(|| kept.base.clone());
    Entry {
        version: edit.version,
        what,
        icon,
        by: edit.by.clone(),
        when,
        comment: edit.comment.clone(),
        changed: differences(&before, &after).into_iter().map(short).collect(),
        restorable: may_edit && after != kept.offering,
    }
}

/// Lists of names tell only what came and went.
fn short((label, before, after): (&'static str, String, String)) -> (&'static str, String, String) {
    if label != "Other names" {
        return (label, before, after);
    }
    let names = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (was, is) = (names(&before), names(&after));
    let not_in = |these: &[String], those: &[String]| {
        these.iter().filter(|name| !those.contains(name)).cloned().collect::<Vec<_>>().join(", ")
    };
    (label, not_in(&was, &is), not_in(&is, &was))
}
