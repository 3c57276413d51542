//! Accounts that come, go and change, and entries that are strange.

use crate::account::Account;
use crate::holdings::{Every, Lot, Portfolio, Saving};
use crate::institution::{Institution, Manner};
use crate::ofx::date::Style;
use crate::persona::{Change, Later, Persona};

use super::plans;
use super::signon::TWO_ACCOUNTS;

static ONE_ACCOUNT: [Account; 1] =
    [Account::checking("checking", "3300710286", "Starter checking", &plans::QUIET, 204_310)];

static FOUR_ACCOUNTS: [Account; 4] = [
    Account::checking("checking", "3300720011", "Household checking", &plans::CHECKING, 612_008),
    Account::savings("savings", "3300720029", "Holiday savings", &plans::SAVINGS, 401_255),
    Account::savings("emergency", "3300720037", "Emergency fund", &plans::SAVINGS, 1_850_000),
    Account::card("visa", "4916330011286120", "Rewards card", &plans::CARD, -87_214),
];

const TWO: Persona = Persona { accounts: &TWO_ACCOUNTS, ..Persona::PLAIN };
const FOUR: Persona = Persona { accounts: &FOUR_ACCOUNTS, ..Persona::PLAIN };

pub(super) static TIDEWATER: Institution = Institution {
    id: "tidewater",
    name: "Tidewater Community Bank (sandbox)",
    purpose: "No accounts yet",
    fid: "10301",
    personas: &[
        Persona {
            login: "ira.empty",
            password: "sandbox-shell-1101",
            story: "The first account list is empty; the second one has an account.",
            expect: "\"No accounts found at the institution\"; Find New then finds one.",
            accounts: &ONE_ACCOUNT,
            later: Later::after(1, Change::Opens),
            ..Persona::PLAIN
        },
        Persona {
            login: "ira.wait",
            password: "sandbox-shell-1102",
            story: "Empty for two minutes of the sandbox clock after the first list.",
            expect: "The same, after two minutes.",
            accounts: &ONE_ACCOUNT,
            later: Later { after_lists: 0, after_seconds: Some(120), change: Change::Opens },
            ..Persona::PLAIN
        },
        Persona {
            login: "ira.never",
            password: "sandbox-shell-1103",
            story: "No accounts, ever.",
            expect: "\"No accounts found at the institution\", also after Find New.",
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};

pub(super) static ROWAN: Institution = Institution {
    id: "rowan",
    name: "Rowan Valley Bank (sandbox)",
    purpose: "Accounts that change",
    fid: "10302",
    personas: &[
        Persona {
            login: "jo.gains",
            password: "sandbox-orchard-1201",
            story: "A second account appears with the second account list.",
            expect: "Later: \"We found an account that you have not added\".",
            later: Later::after(1, Change::Gains),
            ..TWO
        },
        Persona {
            login: "jo.loses",
            password: "sandbox-orchard-1202",
            story: "The second account is gone from the second account list on.",
            expect: "Both values at first. After three updates without it: no longer listed. Closed, or renumbered? Nothing is deleted.",
            later: Later::after(1, Change::Loses),
            ..TWO
        },
        Persona {
            login: "jo.renamed",
            password: "sandbox-orchard-1203",
            story: "From the second list on the checking account is called \"Rowan Premier Checking\".",
            expect: "The same account with its history, under the name that you know it by.",
            later: Later::after(1, Change::Renames("Rowan Premier Checking")),
            ..TWO
        },
        Persona {
            login: "jo.renumbered",
            password: "sandbox-orchard-1204",
            story: "From the second list on the card has a new number with the same last four digits.",
            expect: "The same account with its history; nothing doubled.",
            later: Later::after(1, Change::Renumbers("4916330098726120")),
            ..FOUR
        },
        Persona {
            login: "jo.emptied",
            password: "sandbox-orchard-1205",
            story: "From the second list on there are no accounts at all.",
            expect: "Values stay with the time of the last true ones; nothing is set to zero.",
            later: Later::after(1, Change::Empties),
            ..FOUR
        },
        Persona {
            login: "jo.halved",
            password: "sandbox-orchard-1206",
            story: "From the second list on only two of four accounts are listed.",
            expect: "The same for the two that are missing.",
            later: Later::after(1, Change::Halves),
            ..FOUR
        },
        Persona {
            login: "jo.zeroed",
            password: "sandbox-orchard-1207",
            story: "From the second list on every balance is zero and no entry is sent.",
            expect: "True values at first; then 0.00, as the bank says. The values before stay in the history, and no entry is lost.",
            later: Later::after(1, Change::Zeroes),
            ..FOUR
        },
    ],
    ..Institution::PLAIN
};

pub(super) static THISTLEDOWN: Institution = Institution {
    id: "thistledown",
    name: "Thistledown Bank (sandbox)",
    purpose: "10,000 transactions",
    fid: "10303",
    manner: Manner { rows_max: 10_000, ..Manner::PLAIN },
    personas: &[Persona {
        login: "max.many",
        password: "sandbox-burr-1301",
        story: "One account with exactly 10,000 entries, about twenty a day, for more than a year.",
        expect: "Those of the last 90 days, which a first connection asks for: about 1,800, each once. A program that asks for all gets 10,000.",
        accounts: &[Account::checking("checking", "2200990001", "Busy checking", &plans::DENSE, 901_772)],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};

pub(super) static PINEGROVE: Institution = Institution {
    id: "pinegrove",
    name: "Pinegrove Bank (sandbox)",
    purpose: "Pending and corrected transactions",
    fid: "10304",
    version: 220,
    manner: Manner { dates: Style::Zoned, ..Manner::PLAIN },
    personas: &[
        Persona {
            login: "uma.pending",
            password: "sandbox-cone-1401",
            story: "Entries are pending (without a FITID) up to two days before they post; needs OFX 2.2.",
            expect: "Pending entries are never stored twice.",
            accounts: &[
                Account::checking("checking", "1900110022", "Checking", &plans::CHECKING, 411_020),
                Account::card("visa", "4024007112340077", "Card", &plans::CARD, -98_412),
            ],
            ..Persona::PLAIN
        },
        Persona {
            login: "uma.corrected",
            password: "sandbox-cone-1402",
            story: "Each month one entry is replaced (CORRECTFITID, REPLACE) and one is deleted (DELETE).",
            expect: "The corrected amount, and no deleted entry; the sum fits the balance.",
            accounts: &[Account::checking("checking", "1900110030", "Checking", &plans::CORRECTED, 288_700)],
            ..Persona::PLAIN
        },
        Persona {
            login: "uma.twins",
            password: "sandbox-cone-1403",
            story: "Each month two entries that are alike in everything but their FITID.",
            expect: "Both are kept.",
            accounts: &[Account::checking("checking", "1900110048", "Checking", &plans::TWINS, 150_025)],
            ..Persona::PLAIN
        },
        Persona {
            login: "uma.shared",
            password: "sandbox-cone-1404",
            story: "Each month a purchase abroad and its fee under one FITID.",
            expect: "Both are kept.",
            accounts: &[Account::checking("checking", "1900110056", "Checking", &plans::SHARED_IDS, 177_500)],
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};

pub(super) static QUICKSILVER: Institution = Institution {
    id: "quicksilver",
    name: "Quicksilver Bank (sandbox)",
    purpose: "Transaction ids that change",
    fid: "10305",
    version: 102,
    manner: Manner { changing_ids: true, one_line: true, dates: Style::DateOnly, ..Manner::PLAIN },
    personas: &[Persona {
        login: "ivo.ids",
        password: "sandbox-drop-1501",
        story: "The FITID of an entry is another one at each download; some entries are true twins. The body is one long line.",
        expect: "No entry is doubled by a refresh, and no twin is lost.",
        accounts: &[Account::checking("checking", "1700440019", "Checking", &plans::TWINS, 310_418)],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};

pub(super) static BANQUE_DU_LAC: Institution = Institution {
    id: "banquedulac",
    name: "Banque du Lac (sandbox)",
    purpose: "Euro, decimal commas",
    fid: "10306",
    version: 103,
    manner: Manner { comma: true, currency: "EUR", ..Manner::PLAIN },
    personas: &[Persona {
        login: "elise.virgule",
        password: "sandbox-quai-1601",
        story: "Amounts with a decimal comma, in euro, with accents in Windows-1252.",
        expect: "One account in EUR.",
        accounts: &[Account::checking("courant", "00020410077", "Compte courant", &plans::ABROAD, 318_045)],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};

const fn lot(ticker: &'static str, units_e4: i64, cost_cents: i64) -> Lot {
    Lot { ticker, units_e4, cost_cents, source: None }
}

static ACTIVE_TRADER: Portfolio = Portfolio {
    cash_cents: 4_218_805,
    lots: &[
        lot("ALDR", 4_000_000, 7_912_000),
        lot("BRSL", 2_500_000, 4_120_500),
        lot("TDWR", 1_000_000, 2_110_000),
        lot("SBX300001", 500_000_000, 4_922_500),
        lot("SBX300002", 200_000_000, 2_025_000),
        lot("ALDR 270618C00260000", -40_000, -512_000),
        lot("TDWR 270319P00210000", 100_000, 850_000),
        lot("HLREIT", 12_000_000, 3_000_000),
        lot("FGMXX", 250_000_000, 2_500_000),
    ],
    saving: Some(Saving {
        every: Every::MonthDay(8),
        name: "WIRE FROM BANK",
        into: &[("BRSL", None, 150_000)],
    }),
    pays_income: true,
    more_lots: 0,
};

static MANY_HOLDINGS: Portfolio =
    Portfolio { cash_cents: 188_402, lots: &[], saving: None, pays_income: false, more_lots: 80 };

pub(super) static SUMMIT: Institution = Institution {
    id: "summit",
    name: "Summit Ridge Brokerage (sandbox)",
    kind: "broker",
    purpose: "Stocks, bonds, options, OFX 2.3",
    fid: "10307",
    version: 230,
    personas: &[
        Persona {
            login: "dana.trader",
            password: "sandbox-crag-1701",
            story: "Stocks, two bonds (priced in percent), a written call, a put, a private trust and a money market fund.",
            expect: "Nine positions; the written call is negative; value = positions + cash.",
            accounts: &[Account::investment(
                "margin",
                "SRB-448120",
                "Margin account",
                "NORMAL",
                &ACTIVE_TRADER,
            )],
            ..Persona::PLAIN
        },
        Persona {
            login: "dana.many",
            password: "sandbox-crag-1702",
            story: "Three accounts with 80 positions each.",
            expect: "240 positions.",
            accounts: &[
                Account::investment("one", "SRB-900101", "Managed account one", "NORMAL", &MANY_HOLDINGS),
                Account::investment("two", "SRB-900102", "Managed account two", "TRUST", &MANY_HOLDINGS),
                Account::investment("three", "SRB-900103", "Managed account three", "IRA", &MANY_HOLDINGS),
            ],
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};
