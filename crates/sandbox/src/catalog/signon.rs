//! Institutions that put something between the login and the accounts.

use crate::account::Account;
use crate::institution::{Demands, Institution, Manner, Notice};
use crate::persona::{Condition, Persona, Proof, Question};

use super::plans;

/// What most of them hold: little, but real.
pub(super) static TWO_ACCOUNTS: [Account; 2] = [
    Account::checking("checking", "5500210447", "Everyday checking", &plans::QUIET, 318_442),
    Account::savings("savings", "5500219120", "Rainy day savings", &plans::SAVINGS, 1_204_500),
];

const TWO: Persona = Persona { accounts: &TWO_ACCOUNTS, ..Persona::PLAIN };

pub(super) static EVERGREEN: Institution = Institution {
    id: "evergreen",
    name: "Evergreen Savings Bank (sandbox)",
    purpose: "Checking, savings, cards, brokerage",
    fid: "10201",
    personas: &[
        Persona {
            login: "alex.plain",
            password: "sandbox-maple-1001",
            story: "Everything works at the first try: checking, savings and a credit card.",
            expect: "Three accounts.",
            accounts: &[
                Account::checking("checking", "6100450017", "Free checking", &plans::CHECKING, 523_910),
                Account::savings("savings", "6100450025", "High-yield savings", &plans::SAVINGS, 2_210_004),
                Account::card("visa", "4485120077310022", "Everyday rewards card", &plans::CARD, -143_077),
            ],
            ..Persona::PLAIN
        },
        Persona {
            login: "alex.wealth",
            password: "sandbox-maple-1002",
            story: "Checking and a brokerage account under one login.",
            expect: "Two accounts, one with holdings.",
            accounts: &[
                Account::checking("checking", "6100460018", "Premier checking", &plans::QUIET, 1_841_200),
                Account::investment(
                    "broker",
                    "EVG-7712045",
                    "Self-directed brokerage",
                    "NORMAL",
                    &super::household::ROTH_IRA,
                ),
            ],
            ..Persona::PLAIN
        },
    ],
    ..Institution::PLAIN
};

pub(super) static FOXGLOVE: Institution = Institution {
    id: "foxglove",
    name: "Foxglove Community Bank (sandbox)",
    purpose: "Wrong password",
    fid: "10202",
    personas: &[Persona {
        login: "pat.wrong",
        password: "sandbox-thimble-2002",
        story: "Type any other password first, for example sandbox-thimble-0000: it is rejected (15500). Three rejections lock the login.",
        expect: "\"The institution rejected your credentials\"; with the right password, two accounts.",
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static IRONBRIDGE: Institution = Institution {
    id: "ironbridge",
    name: "Ironbridge Bank (sandbox)",
    purpose: "Security questions",
    fid: "10203",
    demands: Demands::FI,
    personas: &[
        Persona {
            login: "quinn.rounds",
            password: "sandbox-girder-3001",
            story: "Two rounds: mother's maiden name (known question MFA16; answer: Sandberg), then a question of the bank's own (answer: Galileo).",
            expect: "Two questions, one after the other; then two accounts. No question at the next update.",
            proof: Proof::Questions(&[
                &[Question { id: "MFA16", label: None, answer: "Sandberg" }],
                &[Question {
                    id: "IBQ-7",
                    label: Some("What did you call your first telescope?"),
                    answer: "Galileo",
                }],
            ]),
            ..TWO
        },
        Persona {
            login: "quinn.both",
            password: "sandbox-girder-3002",
            story: "Two questions at once: favourite colour (MFA5; answer: blue) and one of the bank's own (answer: 1987).",
            expect: "Two questions on one page.",
            proof: Proof::Questions(&[&[
                Question { id: "MFA5", label: None, answer: "blue" },
                Question {
                    id: "IBQ-9",
                    label: Some("In which year did you open your first account with us?"),
                    answer: "1987",
                },
            ]]),
            ..TWO
        },
    ],
    ..Institution::PLAIN
};

pub(super) static FERNWICK: Institution = Institution {
    id: "fernwick",
    name: "Fernwick Trust (sandbox)",
    purpose: "A question before anything else, OFX 1.0.3",
    fid: "10204",
    version: 103,
    versions: &[103],
    demands: Demands { challenge_first: true, ..Demands::NONE },
    personas: &[Persona {
        login: "morgan.first",
        password: "sandbox-ledger-4001",
        story: "Wants the question asked before any other request (MFACHALLENGEFIRST). City of birth (MFA1; answer: Duluth).",
        expect: "One question; then two accounts.",
        proof: Proof::Questions(&[&[Question {
            id: "MFA1",
            label: Some("In which city were you born?"),
            answer: "Duluth",
        }]]),
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static COPPERLEAF: Institution = Institution {
    id: "copperleaf",
    name: "Copperleaf Bank (sandbox)",
    purpose: "Access code by text message",
    fid: "10205",
    demands: Demands::FI,
    personas: &[
        Persona {
            login: "robin.code",
            password: "sandbox-kettle-5001",
            story: "Sends a 6-digit code to the phone page, valid for 5 minutes of the sandbox clock. After the right code the program is remembered.",
            expect: "A code is asked once, in the bank's words. A wrong code may be tried again; an expired one needs a new one, not the password.",
            proof: Proof::Code { minutes: 5, every_time: false },
            ..TWO
        },
        Persona {
            login: "robin.always",
            password: "sandbox-kettle-5002",
            story: "The same, but the program is never remembered: each connection asks for a code.",
            expect: "Updates only when the person does it; no code is sent at night.",
            proof: Proof::Code { minutes: 5, every_time: true },
            ..TWO
        },
        Persona {
            login: "robin.quick",
            password: "sandbox-kettle-5003",
            story: "The same, but a code lives for one minute only.",
            expect: "The code runs out; a new one can be had without typing the password again.",
            proof: Proof::Code { minutes: 1, every_time: false },
            ..TWO
        },
    ],
    ..Institution::PLAIN
};

pub(super) static SALTMARSH: Institution = Institution {
    id: "saltmarsh",
    name: "Saltmarsh Credit Union (sandbox)",
    kind: "credit_union",
    purpose: "A one-time key from the website",
    fid: "10206",
    personas: &[Persona {
        login: "jamie.token",
        password: "sandbox-pebble-6001",
        story: "Wants a one-time key (AUTHTOKEN, 15512) that the site shows after a click, valid for 10 minutes.",
        expect: "Asks for the key, with a link to the site; a wrong key may be tried again.",
        proof: Proof::Token { minutes: 10 },
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static KESTREL: Institution = Institution {
    id: "kestrel",
    name: "Kestrel National Bank (sandbox)",
    purpose: "Locked login",
    fid: "10207",
    personas: &[Persona {
        login: "casey.locked",
        password: "sandbox-falcon-7001",
        story: "The login is locked (15502) until it is unlocked at the site.",
        expect: "The bank has locked the online access; unlock it there, then try again.",
        condition: Condition::Locked,
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static JUNIPER: Institution = Institution {
    id: "juniper",
    name: "Juniper Street Bank (sandbox)",
    purpose: "Password has expired",
    fid: "10208",
    personas: &[
        Persona {
            login: "drew.expiring",
            password: "sandbox-berry-8001",
            story: "Signs on, but with status 15000: the password must be changed at the site. The new one has \"-new\" at its end.",
            expect: "The bank wants a new password; after that, Update login.",
            condition: Condition::PasswordExpiring,
            ..TWO
        },
        Persona {
            login: "drew.expired",
            password: "sandbox-berry-8002",
            story: "Refuses the signon with 15507 until the password is changed at the site. The new one has \"-new\" at its end.",
            expect: "The same.",
            condition: Condition::PasswordExpired,
            ..TWO
        },
    ],
    ..Institution::PLAIN
};

pub(super) static HOLLOW_CREEK: Institution = Institution {
    id: "hollowcreek",
    name: "Hollow Creek Credit Union (sandbox)",
    kind: "credit_union",
    purpose: "Under maintenance",
    fid: "10209",
    personas: &[Persona {
        login: "sam.patient",
        password: "sandbox-mill-9001",
        story: "Answers 13505 (maintenance) until the site says that it is over.",
        expect: "The institution is under maintenance; nothing to do.",
        condition: Condition::Maintenance,
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static THORNBURY: Institution = Institution {
    id: "thornbury",
    name: "Thornbury Bank (sandbox)",
    purpose: "Already signed in elsewhere",
    fid: "10210",
    personas: &[Persona {
        login: "lee.busy",
        password: "sandbox-bramble-9101",
        story: "Answers 15501 (in use) for 30 minutes of the sandbox clock after the first try, or until signed out at the site.",
        expect: "You seem to be signed in there right now; it is tried again later by itself.",
        condition: Condition::InUse,
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static WINDMERE: Institution = Institution {
    id: "windmere",
    name: "Windmere Trust (sandbox)",
    purpose: "New terms to accept",
    fid: "10211",
    personas: &[Persona {
        login: "nico.terms",
        password: "sandbox-sail-9201",
        story: "Answers 15511 until the new terms are accepted at the site.",
        expect: "The institution shows a message; clear it there, then Refresh.",
        condition: Condition::TermsOpen,
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static STONEWATER: Institution = Institution {
    id: "stonewater",
    name: "Stonewater Bank (sandbox)",
    purpose: "Programs must be confirmed",
    fid: "10212",
    demands: Demands { client_uid: true, fi: true, ..Demands::NONE },
    personas: &[Persona {
        login: "toni.device",
        password: "sandbox-pier-9301",
        story: "Knows each program by its CLIENTUID and answers 15510 until the program is confirmed at the site.",
        expect: "Confirm this program at the bank's site, then try again; the program keeps its id.",
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static BRIARWOOD: Institution = Institution {
    id: "briarwood",
    name: "Briarwood Bank (sandbox)",
    purpose: "Three login fields",
    fid: "10213",
    demands: Demands { app_version_min: 2900, credential: Some("Member number"), fi: true, ..Demands::NONE },
    personas: &[Persona {
        login: "kim.member",
        password: "sandbox-thicket-9401",
        credential: Some("440-118"),
        story: "Wants a member number as well (440-118, sent as USERCRED1), and an APPVER of at least 2900 (else 2000).",
        expect: "A login form with three fields; then two accounts.",
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static LARKSPUR: Institution = Institution {
    id: "larkspur",
    name: "Larkspur Federal Credit Union (sandbox)",
    kind: "credit_union",
    purpose: "A notice before connecting",
    fid: "10214",
    notice: Some(Notice {
        version: "2026-10",
        text: "Larkspur members must switch on \"Direct download\" under Settings > Sharing at our site before they connect. \
               Values are from the close of the previous business day.",
    }),
    personas: &[Persona {
        login: "val.notice",
        password: "sandbox-meadow-9501",
        story: "The directory has a notice for this institution; the login itself works.",
        expect: "The notice and Continue, before the login form.",
        ..TWO
    }],
    ..Institution::PLAIN
};

pub(super) static CROSSROADS: Institution = Institution {
    id: "crossroads",
    name: "Crossroads Financial (sandbox)",
    purpose: "Bank and brokerage at two addresses",
    kind: "broker",
    fid: "10215",
    version: 203,
    manner: Manner { split_urls: true, ..Manner::PLAIN },
    personas: &[Persona {
        login: "ari.split",
        password: "sandbox-signpost-9601",
        story: "The profile sends bank messages to one address and investment messages to another; each refuses the other's (HTTP 400).",
        expect: "Two accounts.",
        accounts: &[
            Account::checking("checking", "8800120034", "Cash management", &plans::QUIET, 771_045),
            Account::investment("broker", "CRF-5520917", "Brokerage", "NORMAL", &super::household::ROTH_IRA),
        ],
        ..Persona::PLAIN
    }],
    ..Institution::PLAIN
};
