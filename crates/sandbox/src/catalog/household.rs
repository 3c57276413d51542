//! The Lindqvists, a household with accounts at four institutions.

use crate::account::Account;
use crate::holdings::{Every, Lot, Portfolio, Saving};
use crate::institution::{Demands, Institution, Manner};
use crate::loan::Terms;
use crate::ofx::date::Style;
use crate::persona::{Change, Later, Persona};

use super::plans;

pub(crate) static MORTGAGE: Terms = Terms {
    kind: "MORTGAGE",
    principal_cents: 34_784_481,
    rate: 3_875,
    payment_cents: 162_234,
    escrow_cents: 61_100,
    payments: 360,
    first_payment: jiff::civil::date(2019, 7, 1),
};

pub(crate) static AUTO_LOAN: Terms = Terms {
    kind: "AUTO",
    principal_cents: 2_380_009,
    rate: 4_490,
    payment_cents: 41_000,
    escrow_cents: 0,
    payments: 66,
    first_payment: jiff::civil::date(2024, 4, 12),
};

const fn lot(ticker: &'static str, units_e4: i64, cost_cents: i64) -> Lot {
    Lot { ticker, units_e4, cost_cents, source: None }
}

const fn plan_lot(ticker: &'static str, units_e4: i64, cost_cents: i64, source: &'static str) -> Lot {
    Lot { ticker, units_e4, cost_cents, source: Some(source) }
}

pub(crate) static JOINT_BROKERAGE: Portfolio = Portfolio {
    cash_cents: 1_420_461,
    lots: &[
        lot("FTMIX", 9_404_310, 9_216_000),
        lot("NWPK", 1_800_000, 1_322_400),
        lot("ALDR", 770_000, 1_262_800),
        lot("TDWR", 1_200_000, 2_310_000),
        lot("OSPR", 900_000, 2_507_200),
        lot("SBX300001", 250_000_000, 2_461_250),
        lot("FBNDX", 31_500_000, 3_149_000),
    ],
    saving: Some(Saving {
        every: Every::MonthDay(20),
        name: "ELECTRONIC FUNDS TRANSFER",
        into: &[("FTMIX", None, 40_000), ("FBNDX", None, 10_000)],
    }),
    pays_income: true,
    more_lots: 0,
};

pub(crate) static ROTH_IRA: Portfolio = Portfolio {
    cash_cents: 98_009,
    lots: &[
        lot("FTMIX", 6_384_200, 5_639_000),
        lot("HSCIX", 5_602_500, 2_987_000),
        lot("FINTX", 5_140_250, 1_702_000),
    ],
    saving: Some(Saving {
        every: Every::MonthDay(16),
        name: "CONTRIBUTION CURRENT YEAR",
        into: &[("FTMIX", None, 58_300)],
    }),
    pays_income: true,
    more_lots: 0,
};

pub(crate) static ROLLOVER_IRA: Portfolio = Portfolio {
    cash_cents: 341_734,
    lots: &[
        lot("HT45X", 59_047_180, 10_497_000),
        lot("FBNDX", 52_300_000, 5_312_000),
        lot("FTMIX", 4_950_000, 5_102_000),
        lot("FGMXX", 84_000_000, 840_000),
    ],
    saving: None,
    pays_income: true,
    more_lots: 0,
};

pub(crate) static RETIREMENT_PLAN: Portfolio = Portfolio {
    cash_cents: 0,
    lots: &[
        plan_lot("HT45X", 42_620_400, 8_130_000, "PRETAX"),
        plan_lot("FTMIX", 5_410_220, 5_610_000, "PRETAX"),
        plan_lot("HT45X", 14_870_150, 2_890_000, "MATCH"),
        plan_lot("FBNDX", 12_900_000, 1_260_000, "PROFITSHARING"),
    ],
    saving: Some(Saving {
        every: Every::SecondFriday,
        name: "PAYROLL CONTRIBUTION",
        into: &[
            ("HT45X", Some("PRETAX"), 31_250),
            ("FTMIX", Some("PRETAX"), 15_600),
            ("HT45X", Some("MATCH"), 18_740),
        ],
    }),
    pays_income: true,
    more_lots: 0,
};

const BEACON_ACCOUNTS: [Account; 4] = [
    Account::investment("joint", "X81204410", "Joint brokerage", "NORMAL", &JOINT_BROKERAGE),
    Account::investment("roth", "X22702207", "Roth IRA", "IRA", &ROTH_IRA),
    Account::investment("rollover", "X31908813", "Rollover IRA", "IRA", &ROLLOVER_IRA),
    Account::savings("hsa", "4410930931", "Health savings account", &plans::HEALTH, 412_060),
];

static BEACON_FIRST_THREE: [Account; 3] = {
    let [joint, roth, rollover, _] = BEACON_ACCOUNTS;
    [joint, roth, rollover]
};

static RETIREMENT: [Account; 1] =
    [Account::investment("plan", "HF-0000315096", "401(k) Harbor & Finch", "401K", &RETIREMENT_PLAN)];

pub(super) static LAKESHORE: Institution = Institution {
    id: "lakeshore",
    name: "Lakeshore Credit Union (sandbox)",
    kind: "credit_union",
    purpose: "Checking, savings, Visa, auto loans",
    fid: "10101",
    demands: Demands::FI,
    manner: Manner { dates: Style::Zoned, ..Manner::PLAIN },
    personas: &[Persona {
        login: "ruth.lindqvist",
        password: "sandbox-heron-3318",
        story: "Everything works: checking, savings, a Visa card and an auto loan.",
        expect: "Four accounts; the card and the loan are debts.",
        accounts: &[
            Account::checking("checking", "7700153318", "Everyday checking", &plans::CHECKING, 841_277),
            Account::savings("savings", "7700157745", "Reserve savings", &plans::SAVINGS, 6_425_018),
            Account::card("visa", "4539880012346120", "Visa Signature", &plans::CARD, -291_355),
            Account::loan("auto", "L-20249934", "Auto loan", &AUTO_LOAN),
        ],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};

pub(super) static BEACON: Institution = Institution {
    id: "beacon",
    name: "Beacon Harbor Investments (sandbox)",
    kind: "broker",
    purpose: "Brokerage, IRAs, health savings",
    fid: "10102",
    version: 220,
    demands: Demands::FI,
    manner: Manner { nicknames: true, ..Manner::PLAIN },
    personas: &[
        Persona {
            login: "lindqvist.invest",
            password: "sandbox-lantern-4410",
            story: "A joint brokerage account with funds, stocks and a bond, a Roth IRA and a Rollover IRA.",
            expect: "Three investment accounts with holdings, cash and cost basis.",
            accounts: &BEACON_FIRST_THREE,
            ..Persona::PLAIN
        },
        Persona {
            login: "lindqvist.more",
            password: "sandbox-lantern-0931",
            story: "The same, and from the second account list on a health savings account as well.",
            expect: "At first three accounts; later \"1 new account to add\", and Find New adds it.",
            accounts: &BEACON_ACCOUNTS,
            later: Later::after(1, Change::Gains),
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};

pub(super) static MERIDIAN: Institution = Institution {
    id: "meridian",
    name: "Meridian Retirement (sandbox)",
    kind: "retirement",
    purpose: "401(k) plans through an employer",
    fid: "10103",
    version: 220,
    demands: Demands::FI,
    personas: &[
        Persona {
            login: "samuel.lindqvist",
            password: "sandbox-compass-5096",
            story: "A 401(k) with pre-tax, match and profit-sharing money; a contribution every second Friday.",
            expect: "One retirement account with four positions.",
            accounts: &RETIREMENT,
            ..Persona::PLAIN
        },
        Persona {
            login: "samuel.changed",
            password: "sandbox-compass-7731",
            story: "The same, but after two account lists the password is another one: the same with \"-new\" at its end.",
            expect: "\"The institution rejected your credentials\" at the third update; Update login with the new password helps.",
            accounts: &RETIREMENT,
            password_changes_after: Some(2),
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};

pub(super) static GRANITE: Institution = Institution {
    id: "granite",
    name: "Granite State Mortgage (sandbox)",
    kind: "lender",
    purpose: "Home loans",
    fid: "10104",
    version: 102,
    versions: &[102],
    demands: Demands::FI,
    personas: &[Persona {
        login: "lindqvist.home",
        password: "sandbox-quarry-0071",
        story: "A mortgage, spoken in OFX 1.0.2, where a loan is a bank account of type CREDITLINE.",
        expect: "One mortgage, owed.",
        accounts: &[Account::loan("home", "9000480071", "Home mortgage", &MORTGAGE)],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};
