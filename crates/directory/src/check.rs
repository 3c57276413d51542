//! What is wrong with a directory's table, or may be.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use crate::{
    import::{host, letters, place, wrong_shape},
    table::{Row, Standing, Table},
};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; often it is as it should be.
    Look,
    /// Somebody would be led to the wrong place, or couldn't tell two places apart.
    Severe,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    SameId,
    SameRegulatorId,
    /// The same name at the same address.
    Twice,
    /// An address at which nobody can log in.
    DeadAddress,
    /// Two offerings of a brand with the same login address, and no purpose that tells them apart.
    NotToldApart,
    /// Several have a name, and the place of one isn't known.
    NameWithoutPlace,
    /// Offerings of unrelated brands have the same address.
    SharedAddress,
    /// Another name of one institution is the name of another.
    BorrowedName,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub fault: Fault,
    /// The rows it is about.
    pub ids: Vec<String>,
    /// The name or address it is about.
    pub what: String,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Self::SameId => "one id, several rows",
            Self::SameRegulatorId => "one regulator id, several rows",
            Self::Twice => "the same name at the same address",
            Self::DeadAddress => "nobody can log in at this address",
            Self::NotToldApart => "one brand, one login address, and no purpose that tells them apart",
            Self::NameWithoutPlace => "several have this name, and city and state of one are missing",
            Self::SharedAddress => "unrelated brands at one address",
            Self::BorrowedName => "another name of one is the name of another",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Severe => "severe",
            Severity::Look => "look",
        };
        write!(f, "{severity}: {}: {} ({})", self.fault.words(), self.what, self.ids.join(", "))
    }
}

/// All findings, the severe ones first. Closed rows are looked at for their ids only.
pub fn check(table: &Table) -> Vec<Finding> {
    let all: Vec<&Row> = table.rows().iter().collect();
    let listed: Vec<&Row> = all.iter().copied().filter(|row| row.standing == Standing::Listed).collect();
    let mut findings = Vec::new();
    for rows in shared(&all, |row| vec![row.id.clone()]) {
        findings.push(finding(Severity::Severe, Fault::SameId, &rows, &rows[0].id));
    }
    same_regulator_id(&all, &mut findings);
    for rows in shared(&listed, |row| vec![format!("{} {}", letters(&row.name), place(&row.home_url))]) {
        findings.push(finding(Severity::Severe, Fault::Twice, &rows, &rows[0].name));
    }
    dead_addresses(&listed, &mut findings);
    for rows in shared(&listed, |row| vec![format!("{} {}", row.brand, place(login(row)))]) {
        let purposes: HashSet<&str> = rows.iter().map(|row| row.purpose.as_str()).collect();
        // One of them may be the house itself, which needs no words.
        if purposes.len() < rows.len() {
            findings.push(finding(Severity::Severe, Fault::NotToldApart, &rows, login(rows[0])));
        }
    }
    for rows in shared(&listed, |row| vec![letters(&row.name)]) {
        if rows.iter().any(|row| row.place().is_empty()) {
            findings.push(finding(Severity::Severe, Fault::NameWithoutPlace, &rows, &rows[0].name));
        }
    }
    for rows in shared(&listed, |row| vec![place(&row.home_url).to_owned()]) {
        if rows.iter().any(|row| row.brand != rows[0].brand) {
            findings.push(finding(Severity::Look, Fault::SharedAddress, &rows, host(&rows[0].home_url)));
        }
    }
    borrowed_names(&listed, &mut findings);
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then(a.fault.cmp(&b.fault)).then_with(|| a.ids.cmp(&b.ids))
    });
    findings
}

fn finding(severity: Severity, fault: Fault, rows: &[&Row], what: &str) -> Finding {
    Finding { severity, fault, ids: rows.iter().map(|row| row.id.clone()).collect(), what: what.to_owned() }
}

fn login(row: &Row) -> &str {
    if row.login_url.is_empty() { &row.home_url } else { &row.login_url }
}

/// Rows that have a key in common, several each time.
fn shared<'a>(rows: &[&'a Row], keys: impl Fn(&Row) -> Vec<String>) -> Vec<Vec<&'a Row>> {
    let mut by_key: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        for key in keys(row) {
            by_key.entry(key).or_default().push(row);
        }
    }
    by_key.into_values().filter(|rows| rows.len() > 1).collect()
}

fn same_regulator_id(all: &[&Row], findings: &mut Vec<Finding>) {
    let mut by_id: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in all {
        for id in &row.regulator_ids {
            by_id.entry(id).or_default().push(row);
        }
    }
    for (id, rows) in by_id.into_iter().filter(|(_, rows)| rows.len() > 1) {
        // A broker's CRD number is the firm's; all its offerings have it.
        let one_house = id.starts_with("CRD:") && rows.iter().all(|row| row.brand == rows[0].brand);
        if !one_house {
            findings.push(finding(Severity::Severe, Fault::SameRegulatorId, &rows, id));
        }
    }
}

fn dead_addresses(listed: &[&Row], findings: &mut Vec<Finding>) {
    for row in listed {
        let urls = [&row.home_url, &row.login_url].into_iter().filter(|url| !url.is_empty());
        for url in urls {
            if let Some(why) = wrong_shape(url) {
                findings.push(finding(Severity::Severe, Fault::DeadAddress, &[row], &format!("{url} {why}")));
            }
        }
    }
}

fn borrowed_names(listed: &[&Row], findings: &mut Vec<Finding>) {
    let mut by_name: HashMap<String, Vec<&Row>> = HashMap::new();
    for row in listed {
        by_name.entry(letters(&row.name)).or_default().push(row);
    }
    for row in listed {
        for other in &row.also_known_as {
            let owners = by_name.get(&letters(other)).into_iter().flatten();
            let strangers =
                owners.filter(|owner| owner.brand != row.brand && letters(&owner.name) != letters(&row.name));
            let rows: Vec<&Row> = std::iter::once(*row).chain(strangers.copied()).collect();
            if rows.len() > 1 {
                findings.push(finding(Severity::Look, Fault::BorrowedName, &rows, other));
            }
        }
    }
}

#[cfg(test)]
mod tests;
