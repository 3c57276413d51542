//! Accounts: what has a value, connected or kept by hand.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{AccountId, ConnectionId, Currency, HouseholdId, Money};

/// The group an account is shown in and how it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Cash,
    Investments,
    Retirement,
    Property,
    /// What the household owes; values are negative.
    Debts,
}

impl Category {
    /// All, in the order in which pages show them.
    pub const ALL: [Self; 5] = [Self::Cash, Self::Investments, Self::Retirement, Self::Property, Self::Debts];

    /// The heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::Cash => "Cash",
            Self::Investments => "Investments",
            Self::Retirement => "Retirement",
            Self::Property => "Property",
            Self::Debts => "Debts",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $code:literal $label:literal $category:ident),+ $(,)?) => {
        /// What an account is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AccountKind { $(#[doc = $label] #[serde(rename = $code)] $variant),+ }

        impl AccountKind {
            /// All, in the order in which forms list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code stored and returned by the API.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What a person calls it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            /// The group it is shown in.
            pub fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category),+ }
            }

            /// The kind of a stored code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    Checking "checking" "Checking" Cash,
    Savings "savings" "Savings" Cash,
    MoneyMarket "money_market" "Money market" Cash,
    CertificateOfDeposit "certificate_of_deposit" "Certificate of deposit" Cash,
    Brokerage "brokerage" "Brokerage" Investments,
    Crypto "crypto" "Crypto" Investments,
    EducationSavings "education_savings" "Education savings (529)" Investments,
    Trust "trust" "Trust" Investments,
    HealthSavings "health_savings" "Health savings account" Investments,
    TraditionalIra "traditional_ira" "IRA" Retirement,
    RothIra "roth_ira" "Roth IRA" Retirement,
    WorkplacePlan "workplace_plan" "401(k) or other workplace plan" Retirement,
    Annuity "annuity" "Annuity" Retirement,
    RealEstate "real_estate" "Home or other real estate" Property,
    Vehicle "vehicle" "Vehicle" Property,
    LifeInsurance "life_insurance" "Life insurance (cash value)" Property,
    OtherAsset "other_asset" "Something else of value" Property,
    CreditCard "credit_card" "Credit card" Debts,
    Mortgage "mortgage" "Mortgage" Debts,
    HomeEquityLine "home_equity_line" "Home equity line" Debts,
    AutoLoan "auto_loan" "Auto loan" Debts,
    StudentLoan "student_loan" "Student loan" Debts,
    LineOfCredit "line_of_credit" "Line of credit" Debts,
    OtherDebt "other_debt" "Other debt" Debts,
}

/// Whose an account is, within its household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    Client,
    CoClient,
    Joint,
}

impl Owner {
    /// All, in the order in which forms list them.
    pub const ALL: [Self; 3] = [Self::Client, Self::CoClient, Self::Joint];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::CoClient => "co_client",
            Self::Joint => "joint",
        }
    }

    /// The owner of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.code() == code)
    }
}

/// Where an account stands between being found and being part of the household's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Found at the institution; the client has not decided yet.
    Found,
    /// Part of the household's picture.
    Added,
    /// The client left it out; it is not offered again, and can be added later.
    LeftOut,
}

impl Standing {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Added => "added",
            Self::LeftOut => "left_out",
        }
    }

    /// The standing of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Found, Self::Added, Self::LeftOut].into_iter().find(|standing| standing.code() == code)
    }
}

/// An account of a household.
///
/// Its id, name, owner and history never change by a repair; `connection` is `None` for one kept by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub household: HouseholdId,
    pub connection: Option<ConnectionId>,
    pub standing: Standing,
    pub kind: AccountKind,
    pub owner: Owner,
    pub name: String,
    /// For one kept by hand: the institution's name as typed; else the offering's name when it was found.
    pub institution: String,
    /// The last up to four characters of its number; never more.
    pub last_digits: String,
    pub currency: Currency,
    /// Whether it counts in net worth.
    pub counted: bool,
    /// The latest known value.
    pub value: Option<Value>,
    /// Runs in a row in which the institution no longer listed it.
    pub missing_runs: u32,
    /// The day on which the client said that it was closed. Its history stays; it no longer counts.
    pub closed_on: Option<Date>,
    pub created_at: Timestamp,
    /// Rises with each change; forms send it back, so that two tabs can't overwrite one another.
    pub version: i64,
}

impl Account {
    /// Whether its value is part of net worth now.
    pub fn counts(&self) -> bool {
        self.counted && self.closed_on.is_none()
    }
}

/// A value with the two times that are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Owed is negative.
    pub amount: Money,
    /// What can be spent, where the institution says so.
    pub available: Option<Money>,
    /// The date the institution (or the person) gives for it.
    pub as_of: Date,
    /// When we fetched it, or it was typed.
    pub updated_at: Timestamp,
}

/// One point of an account's value history; at most one a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValuePoint {
    pub day: Date,
    pub amount: Money,
}
