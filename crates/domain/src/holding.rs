//! Holdings: what an investment account consists of.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Decimal, Money};

/// What kind of security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityKind {
    Stock,
    Fund,
    Bond,
    Option,
    Cash,
    Other,
}

impl SecurityKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Fund => "fund",
            Self::Bond => "bond",
            Self::Option => "option",
            Self::Cash => "cash",
            Self::Other => "other",
        }
    }

    /// The kind of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Stock, Self::Fund, Self::Bond, Self::Option, Self::Cash, Self::Other]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// One position of an account on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The institution's identifier of the security, such as a CUSIP; empty when it gives none.
    pub security_id: String,
    /// The ticker, or empty.
    pub symbol: String,
    pub name: String,
    pub kind: SecurityKind,
    /// Shares; face value of a bond; contracts of an option. Negative when short.
    pub quantity: Decimal,
    /// A share's price; percent of par of a bond; the underlying share's premium of an option.
    pub price: Option<Decimal>,
    /// The date of the price, when the institution knows it.
    pub price_as_of: Option<Date>,
    pub value: Money,
    pub cost_basis: Option<Money>,
}
