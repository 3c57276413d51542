//! All institutions of the sandbox. To add one, write it down in a file of this folder and list it here.

use std::sync::LazyLock;

use crate::institution::Institution;

pub(crate) mod household;
mod moving;
pub(crate) mod plans;
mod signon;
mod trouble;

/// In the order of the index page.
pub(crate) static INSTITUTIONS: LazyLock<Vec<&'static Institution>> = LazyLock::new(|| {
    let mut all = vec![
        &household::LAKESHORE,
        &household::BEACON,
        &household::MERIDIAN,
        &household::GRANITE,
        &signon::EVERGREEN,
        &signon::FOXGLOVE,
        &signon::IRONBRIDGE,
        &signon::FERNWICK,
        &signon::COPPERLEAF,
        &signon::SALTMARSH,
        &signon::KESTREL,
        &signon::JUNIPER,
        &signon::HOLLOW_CREEK,
        &signon::THORNBURY,
        &signon::WINDMERE,
        &signon::STONEWATER,
        &signon::BRIARWOOD,
        &signon::LARKSPUR,
        &signon::CROSSROADS,
        &moving::TIDEWATER,
        &moving::ROWAN,
        &moving::THISTLEDOWN,
        &moving::PINEGROVE,
        &moving::QUICKSILVER,
        &moving::BANQUE_DU_LAC,
        &moving::SUMMIT,
        &trouble::V102,
        &trouble::V103,
        &trouble::V160,
        &trouble::V203,
        &trouble::V211,
        &trouble::V220,
        &trouble::V230,
    ];
    all.extend(trouble::IN_TROUBLE);
    all
});

/// Finds an institution by its id.
pub(crate) fn institution(id: &str) -> Option<&'static Institution> {
    INSTITUTIONS.iter().find(|institution| institution.id == id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_is_unique_and_fits_the_protocol() {
        let mut ids = BTreeSet::new();
        let mut passwords = BTreeSet::new();
        for institution in INSTITUTIONS.iter() {
            assert!(ids.insert(institution.id) && ids.insert(institution.fid), "{}", institution.id);
            assert!(institution.answers(institution.version), "{}", institution.id);
            assert!(institution.name.ends_with("(sandbox)"));
            for persona in institution.personas {
                assert!(passwords.insert(persona.password), "{}", persona.password);
                // USERID and USERPASS are A-32 (OFX 2.3 §2.5.1.5).
                assert!(persona.login.len() <= 32 && persona.next_password().len() <= 32);
                assert!(persona.password.starts_with("sandbox-") && !persona.story.is_empty());
                assert!(persona.accounts.iter().all(|account| account.number.len() <= 22));
            }
        }
    }
}
