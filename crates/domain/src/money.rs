//! Amounts of money: whole minor units of one currency, never floating point.

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not a currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a currency code of three letters")]
pub struct NotACurrency;

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The code, such as `USD`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is three ASCII letters")
    }

    /// How many decimal places the minor unit has (ISO 4217, table A.1).
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let bytes: [u8; 3] = text.trim().as_bytes().try_into().map_err(|_| NotACurrency)?;
        if !bytes.iter().all(u8::is_ascii_alphabetic) {
            return Err(NotACurrency);
        }
        Ok(Self(bytes.map(|byte| byte.to_ascii_uppercase())))
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(text: String) -> Result<Self, NotACurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units of its currency. What is owed is negative, everywhere in the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents of USD, yen of JPY, fils of KWD.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// A number that is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// The text is not a decimal number.
    #[error("not an amount of money")]
    NotANumber,
    /// More than an `i64` of minor units holds.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Nothing of a currency.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The nearest amount in minor units; halves go away from zero, as statements round them.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, NotMoney> {
        let scale = currency.decimals();
        let rounded = amount.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
        let factor = Decimal::from(10_i64.pow(scale));
        let minor = rounded.checked_mul(factor).and_then(|minor| minor.to_i64()).ok_or(NotMoney::TooLarge)?;
        Ok(Self { minor, currency })
    }

    /// What a person typed: `1234.5`, `$1,234.50`, `-12`, `−12.00`, `(12.00)`.
    ///
    /// A comma may only part thousands, and nothing is rounded away: `1.234,56` and `1.005` are refused rather than
    /// taken for something else.
    pub fn parse(typed: &str, currency: Currency) -> Result<Self, NotMoney> {
        let mut text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '$')
            .collect::<String>()
            .replace('\u{2212}', "-");
        if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            text = format!("-{inner}");
        }
        let text = without_thousands(&text).ok_or(NotMoney::NotANumber)?;
        let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
        let amount = if plain { Decimal::from_str(&text).ok() } else { None };
        let amount = amount.filter(|amount| amount.normalize().scale() <= currency.decimals());
        Self::from_decimal(amount.ok_or(NotMoney::NotANumber)?, currency)
    }

    /// The exact decimal amount.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// The sum, or `None` when the currencies differ or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { minor: self.minor.checked_add(other.minor)?, currency: self.currency })
    }

    /// True for anything owed.
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }
}

/// `1,234.50` → `1234.50`; `None` where a comma stands anywhere but between groups of three digits.
fn without_thousands(text: &str) -> Option<String> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default().trim_start_matches(['-', '+']);
    let parted = whole.contains(',');
    if parted && (first.is_empty() || first.len() > 3 || groups.any(|group| group.len() != 3)) {
        return None;
    }
    let whole = whole.replace(',', "");
    Some(fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

/// American English: thousands separated by commas, a real minus sign, no currency sign: `−1,234.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals() as usize;
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let mut text = String::with_capacity(whole.len() * 4 / 3 + decimals + 4);
        if self.minor < 0 {
            text.push('\u{2212}');
        }
        for (index, digit) in whole.char_indices() {
            if index > 0 && (whole.len() - index) % 3 == 0 {
                text.push(',');
            }
            text.push(digit);
        }
        if decimals > 0 {
            text.push('.');
            text.push_str(fraction);
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: Currency::USD }
    }

    #[test]
    fn shows_thousands_cents_and_a_real_minus() {
        for (minor, shown) in [
            (0, "0.00"),
            (7, "0.07"),
            (-7, "\u{2212}0.07"),
            (123_456, "1,234.56"),
            (100_000_000, "1,000,000.00"),
            (-99_999, "\u{2212}999.99"),
        ] {
            assert_eq!(usd(minor).to_string(), shown);
        }
        let yen = Money { minor: 1_234_567, currency: "JPY".parse().unwrap() };
        assert_eq!(yen.to_string(), "1,234,567");
        assert_eq!(usd(i64::MIN).to_string(), "\u{2212}92,233,720,368,547,758.08");
    }

    #[test]
    fn reads_what_people_type() {
        for (typed, minor) in [
            ("1234", 123_400),
            ("$1,234.50", 123_450),
            (" -12 ", -1_200),
            ("\u{2212}0.07", -7),
            ("(12.00)", -1_200),
            (".5", 50),
        ] {
            assert_eq!(Money::parse(typed, Currency::USD), Ok(usd(minor)), "{typed}");
        }
        for typed in [
            "", "abc", "1e9", "--1", "1.2.3", "12 EUR", "1.234,56", "1,23", "1234,567", ",100", "1,,000",
            "1.005",
        ] {
            assert_eq!(Money::parse(typed, Currency::USD), Err(NotMoney::NotANumber), "{typed}");
        }
        assert_eq!(Money::parse("92233720368547758.08", Currency::USD), Err(NotMoney::TooLarge));
    }

    #[test]
    fn rounds_halves_away_from_zero_in_each_currency() {
        let parse = |text: &str, code: &str| {
            Money::from_decimal(text.parse().unwrap(), code.parse().unwrap()).unwrap().minor
        };
        assert_eq!(parse("1234.565", "USD"), 123_457);
        assert_eq!(parse("-1234.565", "USD"), -123_457);
        assert_eq!(parse("1234.5", "JPY"), 1_235);
        assert_eq!(parse("1.2345", "KWD"), 1_235);
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(minor in i64::MIN..=i64::MAX) {
            proptest::prop_assert_eq!(Money::parse(&usd(minor).to_string(), Currency::USD), Ok(usd(minor)));
        }
    }
}
