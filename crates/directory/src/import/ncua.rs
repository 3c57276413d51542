//! NCUA's quarterly call report: one file says who there is, others what is known of each.

use std::collections::{HashMap, HashSet};

use domain::institution::InstitutionKind;

use super::{
    Refused, Sources, addresses, fdic, names,
    official::{Entry, List},
    sheet::Sheet,
};
use crate::states;

const FOICU: &str = "FOICU.txt";
const FS220: &str = "FS220.txt";
const FS220D: &str = "FS220D.txt";
const TRADE_NAMES: &str = "TradeNames.txt";
const BRANCHES: &str = "Credit Union Branch Information.txt";

/// Official names and cities are cut at so many characters.
const NAME_CHARS: usize = 35;
const CITY_CHARS: usize = 15;

/// What one file says of each credit union, by charter.
type Said = HashMap<String, Vec<String>>;

pub(crate) fn read(sources: &Sources<'_>) -> Result<Option<List>, Refused> {
    let others = [
        (FS220, sources.fs220),
        (FS220D, sources.fs220d),
        (TRADE_NAMES, sources.trade_names),
        (BRANCHES, sources.branches),
    ];
    let Some(foicu) = sources.foicu else {
        return match others.iter().find(|(_, bytes)| bytes.is_some()) {
            Some((file, _)) => Err(Refused::Alone { file }),
            None => Ok(None),
        };
    };
    let assets = said(FS220, sources.fs220, "ACCT_010")?;
    let sites = said(FS220D, sources.fs220d, "ACCT_891")?;
    let trade_names = said(TRADE_NAMES, sources.trade_names, "TradeName")?;
    let offices = main_offices(sources.branches)?;
    let sheet = Sheet::comma(FOICU, foicu)?;
    let (number, kind) = (sheet.need(&["CU_NUMBER"])?, sheet.need(&["CU_TYPE"])?);
    let (name, city, state) = (sheet.need(&["CU_NAME"])?, sheet.need(&["CITY"])?, sheet.need(&["STATE"])?);
    let mut list =
        List { source: FOICU, family: "CU:", entries: Vec::new(), gone: HashSet::new(), skipped: Vec::new() };
    for line in sheet.lines() {
        let charter = line.get(number).trim_start_matches('0');
        let official = names::tidy(line.get(name));
        if charter.is_empty() || !charter.bytes().all(|b| b.is_ascii_digit()) || official.is_empty() {
            list.skipped.push((line.number, official, "no charter number or no name"));
            continue;
        }
        let (family, federal) = match line.get(kind) {
            "1" => ("NCUA", true),
            "2" => ("NCUA", false),
            "3" => ("ASI", false),
            _ => {
                list.skipped.push((line.number, official, "not a type of credit union that is known"));
                continue;
            }
        };
        let first =
            |said: &Said| said.get(charter).and_then(|values| values.first()).cloned().unwrap_or_default();
        let (city, state) = match offices.get(charter) {
            Some((city, state)) => (city.clone(), state.clone()),
            None => {
                (names::city(line.get(city)), states::code(line.get(state)).unwrap_or_default().to_owned())
            }
        };
        let other_names = trade_names.get(charter).into_iter().flatten().map(|name| names::tidy(name));
        let dollars: Option<u64> = first(&assets).split('.').next().and_then(|whole| whole.parse().ok());
        list.entries.push(Entry {
            line: line.number,
            regulator_id: format!("{family}:{charter}"),
            id_ending: format!("cu{charter}"),
            kind: InstitutionKind::CreditUnion,
            name: names::credit_union(&official, federal),
            cut: official.chars().count() >= NAME_CHARS - 1,
            other_names: other_names.filter(|name| fdic::is_trade_name(name)).collect(),
            home_url: addresses::cleaned(&first(&sites)),
            city_cut: city.chars().count() >= CITY_CHARS - 1 && !offices.contains_key(charter),
            city,
            state,
            assets_usd_thousands: dollars.map(|dollars| dollars / 1_000),
        });
    }
    Ok(Some(list))
}

/// All values of a column, by charter.
fn said(file: &'static str, bytes: Option<&[u8]>, column: &'static str) -> Result<Said, Refused> {
    let mut said = Said::new();
    let Some(bytes) = bytes else { return Ok(said) };
    let sheet = Sheet::comma(file, bytes)?;
    let (number, value) = (sheet.need(&["CU_NUMBER"])?, sheet.need(&[column])?);
    for line in sheet.lines().filter(|line| !line.get(value).is_empty()) {
        let charter = line.get(number).trim_start_matches('0').to_owned();
        said.entry(charter).or_default().push(line.get(value).to_owned());
    }
    Ok(said)
}

/// City and state of each main office. Other branches are left out: a city is no name of the institution.
fn main_offices(bytes: Option<&[u8]>) -> Result<HashMap<String, (String, String)>, Refused> {
    let mut offices = HashMap::new();
    let Some(bytes) = bytes else { return Ok(offices) };
    let sheet = Sheet::comma(BRANCHES, bytes)?;
    let (number, main) = (sheet.need(&["CU_NUMBER"])?, sheet.need(&["MainOffice"])?);
    let city = sheet.need(&["PhysicalAddressCity"])?;
    let state = sheet.need(&["PhysicalAddressStateCode"])?;
    let country = sheet.has("PhysicalAddressCountry");
    for line in sheet.lines().filter(|line| line.get(main).eq_ignore_ascii_case("yes")) {
        let home = line.maybe(country);
        let state =
            states::code(line.get(state)).filter(|_| home.is_empty() || home.starts_with("United States"));
        if let Some(state) = state.filter(|_| !line.get(city).is_empty()) {
            let charter = line.get(number).trim_start_matches('0').to_owned();
            offices.insert(charter, (names::city(line.get(city)), state.to_owned()));
        }
    }
    Ok(offices)
}
