//! The securities of the sandbox, all invented, and their prices: a walk of small daily steps that the dice decide.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::ledger::{FIRST_DAY, day_number};
use crate::random::{between, dice, roll};

/// A security. Prices are in ten-thousandths of a dollar (for a bond: of a percent of par).
#[derive(Debug)]
pub(crate) struct Security {
    /// Nine characters, like a CUSIP, starting with an impossible `SBX`.
    pub id: &'static str,
    pub ticker: &'static str,
    pub name: &'static str,
    pub kind: SecurityKind,
    /// Price on the first day.
    pub first_price: i64,
    /// Largest daily step, and the daily drift, in millionths.
    pub swing: i64,
    pub drift: i64,
    /// Yearly dividend in cents a share (unit).
    pub dividend_cents: i64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SecurityKind {
    Stock,
    Fund,
    /// A fund whose price is always one dollar.
    MoneyFund,
    Bond {
        matures: Date,
        coupon_millis: i64,
    },
    Option {
        call: bool,
        strike: i64,
        expires: Date,
        underlying: &'static str,
    },
    Other,
}

impl Security {
    /// What a number of units (in ten-thousandths) is worth, in cents. Bonds: units are face value, the price a percentage of
    /// par; options: contracts of 100, the price for one share (OFX 2.3 §13.9.2.6.1).
    pub(crate) fn value_cents(&self, units_e4: i64, price_e4: i64) -> i64 {
        let product = i128::from(units_e4) * i128::from(price_e4);
        let cents_e6 = match self.kind {
            SecurityKind::Bond { .. } => product / 100,
            SecurityKind::Option { .. } => product * 100,
            _ => product,
        };
        let half = if cents_e6 < 0 { -500_000 } else { 500_000 };
        ((cents_e6 + half) / 1_000_000) as i64
    }
}

/// All prices of one seed, made when they are first asked for.
#[derive(Debug)]
pub(crate) struct Market {
    seed: u64,
    /// By security: the close of each day since the first one, weekends with Friday's.
    closes: Mutex<HashMap<&'static str, Vec<f64>>>,
}

impl Market {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, closes: Mutex::new(HashMap::new()) }
    }

    /// The closing price of the last trading day until an instant; trading ends at 21:00 GMT.
    pub(crate) fn price(&self, security: &Security, at: Timestamp) -> Price {
        const CLOSE: SignedDuration = SignedDuration::from_hours(21);
        let first = day_number(FIRST_DAY);
        let mut day = (at - CLOSE).as_second().div_euclid(86_400).max(first);
        let close = self.close(security, (day - first) as usize);
        while is_weekend(day) {
            day -= 1;
        }
        let as_of = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(day * 86_400) + CLOSE;
        let e4 =
            if security.kind == SecurityKind::MoneyFund { 10_000 } else { (close.round() as i64).max(100) };
        Price { e4, as_of }
    }

    fn close(&self, security: &Security, index: usize) -> f64 {
        let own = dice(self.seed, security.id);
        let mut all = self.closes.lock().unwrap_or_else(PoisonError::into_inner);
        let closes = all.entry(security.id).or_default();
        while closes.len() <= index {
            let day = day_number(FIRST_DAY) + closes.len() as i64;
            let before = closes.last().copied().unwrap_or(security.first_price as f64);
            let step = between(roll(own, day, 1), -security.swing, security.swing) + security.drift;
            let factor = if is_weekend(day) { 1.0 } else { 1.0 + step as f64 / 1_000_000.0 };
            closes.push(before * factor);
        }
        closes[index]
    }
}

/// 1970-01-01 was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 4).rem_euclid(7), 0 | 6)
}

/// A price and the close it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    pub e4: i64,
    pub as_of: Timestamp,
}

const fn share(
    id: &'static str,
    ticker: &'static str,
    name: &'static str,
    first_price: i64,
    swing: i64,
    dividend_cents: i64,
) -> Security {
    Security { id, ticker, name, kind: SecurityKind::Stock, first_price, swing, drift: 350, dividend_cents }
}

const fn fund(
    id: &'static str,
    ticker: &'static str,
    name: &'static str,
    first_price: i64,
    swing: i64,
    dividend_cents: i64,
) -> Security {
    Security { id, ticker, name, kind: SecurityKind::Fund, first_price, swing, drift: 280, dividend_cents }
}

/// Everything that can be held. The first ones are used by name in the catalog.
pub(crate) static SECURITIES: [Security; 20] = [
    fund("SBX100001", "FTMIX", "Fernhill Total Market Index Fund", 1_182_400, 9_000, 152),
    fund("SBX100002", "FINTX", "Fernhill International Index Fund", 342_700, 8_500, 78),
    fund("SBX100003", "FBNDX", "Fernhill Core Bond Fund", 98_650, 2_500, 31),
    fund("SBX100004", "HT45X", "Harbor Target Date 2045 Fund", 214_300, 7_500, 22),
    fund("SBX100005", "HSCIX", "Harbor Small Company Index Fund", 587_100, 11_000, 64),
    Security {
        id: "SBX100006",
        ticker: "FGMXX",
        name: "Fernhill Government Money Market Fund",
        kind: SecurityKind::MoneyFund,
        first_price: 10_000,
        swing: 0,
        drift: 0,
        dividend_cents: 4,
    },
    share("SBX200001", "NWPK", "Northwind Packaging Inc", 874_500, 15_000, 236),
    share("SBX200002", "ALDR", "Alder Robotics Corp", 2_114_000, 21_000, 0),
    share("SBX200003", "CTFD", "Cutler Foods Co", 543_200, 10_000, 188),
    share("SBX200004", "BRSL", "Bristlecone Semiconductor Ltd", 1_655_700, 24_000, 44),
    share("SBX200005", "MRGE", "Marigold Energy Partners", 388_900, 14_000, 212),
    share("SBX200006", "TDWR", "Tidewater Railway Co", 2_268_300, 11_000, 412),
    share("SBX200007", "OSPR", "Osprey Health Group", 3_120_400, 12_500, 560),
    share("SBX200008", "LNTN", "Lantern Payments Inc", 711_600, 19_000, 0),
    Security {
        id: "SBX300001",
        ticker: "",
        name: "Granite Bay Water District 4.25% 2034",
        kind: SecurityKind::Bond { matures: jiff::civil::date(2034, 6, 1), coupon_millis: 4_250 },
        first_price: 984_500,
        swing: 1_800,
        drift: 20,
        dividend_cents: 0,
    },
    Security {
        id: "SBX300002",
        ticker: "",
        name: "Marigold Energy Senior Notes 5.10% 2029",
        kind: SecurityKind::Bond { matures: jiff::civil::date(2029, 9, 15), coupon_millis: 5_100 },
        first_price: 1_012_500,
        swing: 1_500,
        drift: 0,
        dividend_cents: 0,
    },
    Security {
        id: "SBX400001",
        ticker: "ALDR 270618C00260000",
        name: "CALL ALDR 06/18/27 260",
        kind: SecurityKind::Option {
            call: true,
            strike: 2_600_000,
            expires: jiff::civil::date(2027, 6, 18),
            underlying: "SBX200002",
        },
        first_price: 142_000,
        swing: 40_000,
        drift: 0,
        dividend_cents: 0,
    },
    Security {
        id: "SBX400002",
        ticker: "TDWR 270319P00210000",
        name: "PUT TDWR 03/19/27 210",
        kind: SecurityKind::Option {
            call: false,
            strike: 2_100_000,
            expires: jiff::civil::date(2027, 3, 19),
            underlying: "SBX200006",
        },
        first_price: 87_500,
        swing: 40_000,
        drift: 0,
        dividend_cents: 0,
    },
    Security {
        id: "SBX500001",
        ticker: "HLREIT",
        name: "Harbor Landing Real Estate Trust (private)",
        kind: SecurityKind::Other,
        first_price: 250_000,
        swing: 400,
        drift: 90,
        dividend_cents: 120,
    },
    fund("SBX100007", "HGLDX", "Harbor Gold & Metals Fund", 187_500, 13_000, 0),
];

/// Finds a security by its ticker or id.
pub(crate) fn security(name: &str) -> &'static Security {
    SECURITIES
        .iter()
        .find(|security| security.ticker == name || security.id == name)
        .expect("the catalog names only securities that exist (a test opens every portfolio)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_move_on_trading_days_only() {
        let friday: Timestamp = "2026-11-20T22:00:00Z".parse().unwrap();
        let sunday: Timestamp = "2026-11-22T22:00:00Z".parse().unwrap();
        let monday: Timestamp = "2026-11-23T22:00:00Z".parse().unwrap();
        let (market, fund) = (Market::new(7), security("FTMIX"));
        assert_eq!(market.price(fund, friday), market.price(fund, sunday));
        assert_eq!(market.price(fund, friday).as_of.to_string(), "2026-11-20T21:00:00Z");
        assert_ne!(market.price(fund, friday).e4, market.price(fund, monday).e4);
        assert_eq!(market.price(security("FGMXX"), monday).e4, 10_000);
        assert_eq!(
            Market::new(7).price(fund, friday),
            market.price(fund, friday),
            "in whatever order they are asked for"
        );
    }

    #[test]
    fn values_follow_the_kind() {
        assert_eq!(security("FTMIX").value_cents(100_000, 1_182_400), 118_240);
        assert_eq!(security("SBX300001").value_cents(250_000_000, 984_500), 2_461_250);
        assert_eq!(security("SBX400001").value_cents(-20_000, 142_000), -284_000);
    }
}
