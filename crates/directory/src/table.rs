//! The directory's table: one row an offering (`data/README.md` has the columns).

use std::io::Read;

use domain::institution::{InstitutionKind, Offering};

static INSTITUTIONS: &[u8] = include_bytes!("../data/institutions.tsv.gz");

/// The embedded file is damaged: a fault of the build.
#[derive(Debug, thiserror::Error)]
#[error("the embedded directory can't be read: {0}")]
pub struct Damaged(String);

/// The offerings that are in the binary.
pub(crate) fn embedded() -> Result<Vec<Offering>, Damaged> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(INSTITUTIONS)
        .read_to_string(&mut text)
        .map_err(|error| Damaged(error.to_string()))?;
    let rows = text.lines().skip(1).enumerate();
    rows.map(|(row, line)| read_row(line).ok_or_else(|| Damaged(format!("row {}", row + 2)))).collect()
}

fn read_row(line: &str) -> Option<Offering> {
    let mut column = line.split('\t');
    let mut next = || column.next().map(str::to_owned);
    let (id, brand, name, also_known_as) = (next()?, next()?, next()?, next()?);
    let (kind, purpose, home_url, login_url, place) = (next()?, next()?, next()?, next()?, next()?);
    let popularity = next()?.parse().ok()?;
    let also_known_as =
        also_known_as.split("; ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let kind = read_kind(&kind)?;
    Some(Offering {
        id,
        brand,
        name,
        kind,
        purpose,
        also_known_as,
        home_url,
        login_url,
        place,
        popularity,
        assets_usd_thousands: 0,
        note: String::new(),
        listed: true,
        access: None,
        notice: None,
    })
}

fn read_kind(code: &str) -> Option<InstitutionKind> {
    Some(match code {
        "bank" => InstitutionKind::Bank,
        "credit_union" => InstitutionKind::CreditUnion,
        "broker" => InstitutionKind::Broker,
        "retirement" => InstitutionKind::Retirement,
        "insurer" => InstitutionKind::Insurer,
        "lender" => InstitutionKind::Lender,
        "card" => InstitutionKind::Card,
        "hsa" => InstitutionKind::Hsa,
        "payroll" => InstitutionKind::Payroll,
        "crypto" => InstitutionKind::Crypto,
        "other" => InstitutionKind::Other,
        _ => return None,
    })
}
