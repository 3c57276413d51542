//! One institution as the table has it.

use std::borrow::Cow;

use domain::institution::{InstitutionKind, Offering};

/// The columns, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    Id,
    Brand,
    Name,
    AlsoKnownAs,
    Kind,
    Purpose,
    HomeUrl,
    LoginUrl,
    City,
    State,
    Country,
    Assets,
    Popularity,
    RegulatorId,
    Standing,
    Authored,
    Own,
}

impl Column {
    pub const ALL: [Self; 17] = [
        Self::Id,
        Self::Brand,
        Self::Name,
        Self::AlsoKnownAs,
        Self::Kind,
        Self::Purpose,
        Self::HomeUrl,
        Self::LoginUrl,
        Self::City,
        Self::State,
        Self::Country,
        Self::Assets,
        Self::Popularity,
        Self::RegulatorId,
        Self::Standing,
        Self::Authored,
        Self::Own,
    ];

    /// As the header says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Brand => "brand",
            Self::Name => "name",
            Self::AlsoKnownAs => "also_known_as",
            Self::Kind => "kind",
            Self::Purpose => "purpose",
            Self::HomeUrl => "home_url",
            Self::LoginUrl => "login_url",
            Self::City => "city",
            Self::State => "state",
            Self::Country => "country",
            Self::Assets => "assets_usd_thousands",
            Self::Popularity => "popularity",
            Self::RegulatorId => "regulator_id",
            Self::Standing => "standing",
            Self::Authored => "authored",
            Self::Own => "own",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// A set of columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns(u32);

impl Columns {
    pub fn has(self, column: Column) -> bool {
        self.0 & (1 << column as u32) != 0
    }

    pub fn add(&mut self, column: Column) {
        self.0 |= 1 << column as u32;
    }

    fn read(text: &str) -> Option<Self> {
        let mut columns = Self::default();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            columns.add(Column::named(name)?);
        }
        Some(columns)
    }

    fn write(self) -> String {
        let held = Column::ALL.into_iter().filter(|column| self.has(*column));
        held.map(Column::name).collect::<Vec<_>>().join(" ")
    }
}

/// Whether an institution is still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Listed,
    /// No longer in the official lists. It keeps its row and its id for those who use it.
    Closed,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Stable; connections keep it.
    pub id: String,
    /// Groups the offerings of one house; nobody else has the same.
    pub brand: String,
    pub name: String,
    pub also_known_as: Vec<String>,
    pub kind: InstitutionKind,
    pub purpose: String,
    pub home_url: String,
    /// Empty when unknown.
    pub login_url: String,
    pub city: String,
    pub state: String,
    pub country: String,
    /// 0 when unknown.
    pub assets_usd_thousands: u64,
    pub popularity: u8,
    /// `FDIC:3510`; the first one speaks for the row.
    pub regulator_ids: Vec<String>,
    pub standing: Standing,
    /// What was written by hand for the project: official facts don't change it.
    pub authored: Columns,
    /// What the firm wrote: neither official facts nor the project's files change it.
    pub own: Columns,
}

/// Why a value can't stand in its column.
pub type Wrong = &'static str;

impl Row {
    /// A row with nothing but what every row has.
    pub fn new(id: &str, name: &str, home_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            brand: name.to_owned(),
            name: name.to_owned(),
            also_known_as: Vec::new(),
            kind: InstitutionKind::Other,
            purpose: String::new(),
            home_url: home_url.to_owned(),
            login_url: String::new(),
            city: String::new(),
            state: String::new(),
            country: "US".to_owned(),
            assets_usd_thousands: 0,
            popularity: 6,
            regulator_ids: Vec::new(),
            standing: Standing::Listed,
            authored: Columns::default(),
            own: Columns::default(),
        }
    }

    /// A column as the file has it.
    pub fn get(&self, column: Column) -> Cow<'_, str> {
        match column {
            Column::Id => self.id.as_str().into(),
            Column::Brand => self.brand.as_str().into(),
            Column::Name => self.name.as_str().into(),
            Column::AlsoKnownAs => self.also_known_as.join("; ").into(),
            Column::Kind => kind_code(self.kind).into(),
            Column::Purpose => self.purpose.as_str().into(),
            Column::HomeUrl => self.home_url.as_str().into(),
            Column::LoginUrl => self.login_url.as_str().into(),
            Column::City => self.city.as_str().into(),
            Column::State => self.state.as_str().into(),
            Column::Country => self.country.as_str().into(),
            Column::Assets if self.assets_usd_thousands == 0 => "".into(),
            Column::Assets => self.assets_usd_thousands.to_string().into(),
            Column::Popularity => self.popularity.to_string().into(),
            Column::RegulatorId => self.regulator_ids.join("; ").into(),
            Column::Standing => standing_code(self.standing).into(),
            Column::Authored => self.authored.write().into(),
            Column::Own => self.own.write().into(),
        }
    }

    /// Sets a column from its text.
    pub fn set(&mut self, column: Column, text: &str) -> Result<(), Wrong> {
        if text.contains(['\t', '\n', '\r', '\0']) || text != text.trim() {
            return Err("spaces around it, or a tab or line break inside");
        }
        match column {
            Column::Id => self.id = id(text)?,
            Column::Brand => self.brand = present(text)?,
            Column::Name => self.name = present(text)?,
            Column::AlsoKnownAs => self.also_known_as = several(text),
            Column::Kind => self.kind = read_kind(text).ok_or("not a kind of institution")?,
            Column::Purpose => text.clone_into(&mut self.purpose),
            Column::HomeUrl => self.home_url = address(text)?,
            Column::LoginUrl if text.is_empty() => self.login_url.clear(),
            Column::LoginUrl => self.login_url = address(text)?,
            Column::City => text.clone_into(&mut self.city),
            Column::State => self.state = capitals(text)?,
            Column::Country => self.country = capitals(text)?,
            Column::Assets if text.is_empty() => self.assets_usd_thousands = 0,
            Column::Assets => {
                self.assets_usd_thousands = text.parse().map_err(|_| "not a number of thousands")?;
            }
            Column::Popularity => {
                let tier = text.parse().ok().filter(|tier| (1..=6).contains(tier));
                self.popularity = tier.ok_or("not from 1 (household name) to 6 (tiny)")?;
            }
            Column::RegulatorId => self.regulator_ids = several(text),
            Column::Standing => {
                self.standing = match text {
                    "listed" => Standing::Listed,
                    "closed" => Standing::Closed,
                    _ => return Err("neither listed nor closed"),
                }
            }
            Column::Authored => self.authored = Columns::read(text).ok_or("not names of columns")?,
            Column::Own => self.own = Columns::read(text).ok_or("not names of columns")?,
        }
        Ok(())
    }

    /// City and state, or city and country abroad.
    pub fn place(&self) -> String {
        let abroad = match self.country.as_str() {
            "US" | "" => "",
            "CA" => "Canada",
            "GB" => "United Kingdom",
            other => other,
        };
        let region = if abroad.is_empty() { &self.state } else { abroad };
        let parts = [self.city.as_str(), region].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Whether a name is this row's own or one of its other names, letter case aside.
    pub fn is_called(&self, name: &str) -> bool {
        let same = |own: &str| own.to_lowercase() == name.to_lowercase();
        same(&self.name) || self.also_known_as.iter().any(|other| same(other))
    }

    /// As the portal shows it.
    pub fn into_offering(self) -> Offering {
        let place = self.place();
        let login_url = if self.login_url.is_empty() { self.home_url.clone() } else { self.login_url };
        Offering {
            id: self.id,
            brand: self.brand,
            name: self.name,
            kind: self.kind,
            purpose: self.purpose,
            also_known_as: self.also_known_as,
            home_url: self.home_url,
            login_url,
            place,
            popularity: self.popularity,
            assets_usd_thousands: self.assets_usd_thousands,
            note: String::new(),
            listed: self.standing == Standing::Listed,
            access: None,
            notice: None,
        }
    }
}

fn present(text: &str) -> Result<String, Wrong> {
    if text.is_empty() { Err("empty") } else { Ok(text.to_owned()) }
}

fn id(text: &str) -> Result<String, Wrong> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 120 || !text.chars().all(fine) {
        return Err("an id has small letters, digits and hyphens");
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<String, Wrong> {
    let rest = text.strip_prefix("https://").ok_or("an address begins with https://")?;
    if rest.is_empty() || rest.starts_with('/') || text.contains(char::is_whitespace) {
        return Err("not an address");
    }
    Ok(text.to_owned())
}

fn capitals(text: &str) -> Result<String, Wrong> {
    if matches!(text.len(), 0 | 2) && text.chars().all(|c| c.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err("not two capital letters")
    }
}

fn several(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn standing_code(standing: Standing) -> &'static str {
    match standing {
        Standing::Listed => "listed",
        Standing::Closed => "closed",
    }
}

const KINDS: [(&str, InstitutionKind); 11] = [
    ("bank", InstitutionKind::Bank),
    ("credit_union", InstitutionKind::CreditUnion),
    ("broker", InstitutionKind::Broker),
    ("retirement", InstitutionKind::Retirement),
    ("insurer", InstitutionKind::Insurer),
    ("lender", InstitutionKind::Lender),
    ("card", InstitutionKind::Card),
    ("hsa", InstitutionKind::Hsa),
    ("payroll", InstitutionKind::Payroll),
    ("crypto", InstitutionKind::Crypto),
    ("other", InstitutionKind::Other),
];

fn read_kind(code: &str) -> Option<InstitutionKind> {
    KINDS.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind)
}

fn kind_code(kind: InstitutionKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("other", |(code, _)| code)
}
