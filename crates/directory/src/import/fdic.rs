//! FDIC BankFind: institutions as CSV, as its API writes them.

use std::collections::HashSet;

use domain::institution::InstitutionKind;

use super::{
    Refused, addresses, names,
    official::{Entry, List},
    sheet::{At, Sheet},
    work::regulator_key,
};
use crate::states;

const SOURCE: &str = "FDIC institutions";

pub(crate) fn read(bytes: &[u8]) -> Result<List, Refused> {
    let sheet = Sheet::comma(SOURCE, bytes)?;
    let (cert, name, city) = (sheet.need(&["CERT"])?, sheet.need(&["NAME"])?, sheet.need(&["CITY"])?);
    let (state, assets) = (sheet.need(&["STALP", "STNAME"])?, sheet.need(&["ASSET"])?);
    let (site, active) = (sheet.need(&["WEBADDR"])?, sheet.need(&["ACTIVE"])?);
    // TE01N528…: more sites; TE01N529…: trade names.
    let numbered = |ending: &str| -> Vec<At> {
        sheet
            .header()
            .filter(|(name, _)| name.starts_with("te") && name.ends_with(ending))
            .map(|(_, at)| at)
            .collect()
    };
    let (sites, trade_names) = (numbered("n528"), numbered("n529"));
    let mut list = List {
        source: SOURCE,
        family: "FDIC:",
        entries: Vec::new(),
        gone: HashSet::new(),
        skipped: Vec::new(),
    };
    for line in sheet.lines() {
        let regulator_id = format!("FDIC:{}", line.get(cert));
        let legal = names::tidy(line.get(name));
        let Some(key) = regulator_key(&regulator_id) else {
            list.skipped.push((line.number, legal, "no certificate: not insured"));
            continue;
        };
        if !matches!(line.get(active), "1" | "true" | "TRUE" | "Y") {
            list.gone.insert(key);
            continue;
        }
        if legal.is_empty() {
            list.skipped.push((line.number, regulator_id, "no name"));
            continue;
        }
        let home_url = addresses::cleaned(line.get(site));
        let mut other_names =
            vec![if names::is_shouted(&legal) { names::recased(&legal) } else { legal.clone() }];
        let more_names = trade_names.iter().map(|at| names::tidy(line.get(*at)));
        other_names.extend(more_names.filter(|name| is_trade_name(name)));
        let more_sites = sites.iter().filter_map(|at| addresses::cleaned(line.get(*at)));
        let home = home_url.as_deref().map(addresses::host).unwrap_or_default().to_owned();
        other_names
            .extend(more_sites.map(|url| addresses::host(&url).to_owned()).filter(|host| *host != home));
        list.entries.push(Entry {
            line: line.number,
            id_ending: line.get(cert).trim_start_matches('0').to_owned(),
            regulator_id,
            kind: InstitutionKind::Bank,
            name: names::bank(&legal),
            cut: false,
            other_names,
            home_url,
            city: names::city(line.get(city)),
            city_cut: false,
            state: states::code(line.get(state)).unwrap_or_default().to_owned(),
            assets_usd_thousands: thousands(line.get(assets)),
        });
    }
    Ok(list)
}

fn thousands(text: &str) -> Option<u64> {
    let whole = text.split('.').next().unwrap_or_default().replace(',', "");
    whole.parse().ok()
}

/// Whether a trade name is one; some are addresses.
pub(crate) fn is_trade_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    !names::says_nothing(name)
        && name.len() <= 80
        && !lower.starts_with("www.")
        && !lower.starts_with("http")
        && !lower.contains('@')
        && addresses::cleaned(name).is_none()
}
