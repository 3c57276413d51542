//! The plans that accounts are filled from.

use crate::ledger::{Habit, Monthly, Oddity, Paycheck, Plan};

/// A household's everyday account.
pub(crate) static CHECKING: Plan = Plan {
    paycheck: Some(Paycheck { cents: 294_137, name: "HARBOR & FINCH PAYROLL" }),
    monthly: &[
        Monthly { day: 1, kind: "PAYMENT", cents: (-223_334, -223_334), name: "GRANITE STATE MORTGAGE" },
        Monthly { day: 3, kind: "DIRECTDEBIT", cents: (-16_840, -8_912), name: "NORTH SHORE ELECTRIC" },
        Monthly { day: 6, kind: "REPEATPMT", cents: (-7_999, -7_999), name: "LAKE FIBER INTERNET" },
        Monthly { day: 9, kind: "DIRECTDEBIT", cents: (-6_450, -4_120), name: "CITY WATER UTILITY" },
        Monthly { day: 12, kind: "PAYMENT", cents: (-41_000, -41_000), name: "AUTO LOAN PAYMENT" },
        Monthly { day: 15, kind: "XFER", cents: (-50_000, -50_000), name: "TRANSFER TO SAVINGS" },
        Monthly { day: 21, kind: "DIRECTDEBIT", cents: (-11_225, -11_225), name: "PRAIRIE MUTUAL INSURANCE" },
        Monthly { day: 31, kind: "INT", cents: (12, 61), name: "INTEREST PAID" },
    ],
    habits: &[
        Habit {
            per_mille: 330,
            kind: "POS",
            cents: (-15_820, -1_840),
            names: &["GREENLEAF MARKET #112", "CORNER GROCER", "FARMSTAND CO-OP", "LUMIERE MARKET"],
        },
        Habit { per_mille: 130, kind: "ATM", cents: (-10_000, -4_000), names: &["ATM WITHDRAWAL MAIN ST"] },
        Habit { per_mille: 22, kind: "CHECK", cents: (-42_000, -3_500), names: &["CHECK"] },
        Habit {
            per_mille: 14,
            kind: "DEP",
            cents: (2_500, 24_000),
            names: &["MOBILE DEPOSIT", "COUNTER DEPOSIT"],
        },
    ],
    pays: Some(("visa", &CARD)),
    ..Plan::EMPTY
};

/// Money put aside each month.
pub(crate) static SAVINGS: Plan = Plan {
    monthly: &[
        Monthly { day: 15, kind: "XFER", cents: (50_000, 50_000), name: "TRANSFER FROM CHECKING" },
        Monthly { day: 31, kind: "INT", cents: (19_850, 21_730), name: "INTEREST PAID" },
    ],
    habits: &[Habit {
        per_mille: 6,
        kind: "XFER",
        cents: (-220_000, -40_000),
        names: &["TRANSFER TO CHECKING"],
    }],
    ..Plan::EMPTY
};

/// A card in everyday use, paid in full each month.
pub(crate) static CARD: Plan = Plan {
    monthly: &[
        Monthly { day: 4, kind: "REPEATPMT", cents: (-1_599, -1_599), name: "STREAMBOX MONTHLY" },
        Monthly { day: 11, kind: "REPEATPMT", cents: (-4_900, -4_900), name: "RIVERSIDE FITNESS" },
        Monthly { day: 19, kind: "REPEATPMT", cents: (-1_099, -1_099), name: "TUNEBOX FAMILY" },
    ],
    habits: &[
        Habit {
            per_mille: 420,
            kind: "POS",
            cents: (-7_850, -480),
            names: &["BLUE DOOR BISTRO", "HARBOR COFFEE 21", "NOODLE HOUSE", "CAFE LUMIERE", "THE PIE SHED"],
        },
        Habit {
            per_mille: 210,
            kind: "POS",
            cents: (-18_400, -1_250),
            names: &["PAPER & INK BOOKS", "WILLOW HOME GOODS", "CEDAR PHARMACY", "TRAILHEAD OUTFITTERS"],
        },
        Habit {
            per_mille: 150,
            kind: "POS",
            cents: (-6_240, -2_810),
            names: &["FUEL STOP 44", "LAKEVIEW GAS"],
        },
        Habit { per_mille: 12, kind: "CREDIT", cents: (900, 7_800), names: &["REFUND TRAILHEAD OUTFITTERS"] },
    ],
    is_paid: true,
    ..Plan::EMPTY
};

/// A few entries a month.
pub(crate) static QUIET: Plan = Plan {
    monthly: &[
        Monthly { day: 2, kind: "DIRECTDEP", cents: (182_000, 182_000), name: "OLD MILL PENSION FUND" },
        Monthly { day: 5, kind: "PAYMENT", cents: (-96_500, -96_500), name: "MAPLE COURT RENT" },
        Monthly { day: 17, kind: "DIRECTDEBIT", cents: (-9_870, -6_240), name: "NORTH SHORE ELECTRIC" },
    ],
    habits: &[Habit {
        per_mille: 300,
        kind: "POS",
        cents: (-9_400, -1_100),
        names: &["GREENLEAF MARKET #112", "CORNER GROCER", "CEDAR PHARMACY"],
    }],
    ..Plan::EMPTY
};

/// About twenty entries a day.
pub(crate) static DENSE: Plan = Plan {
    monthly: &[Monthly {
        day: 1,
        kind: "DIRECTDEP",
        cents: (318_000, 318_000),
        name: "TRANSFER FROM OPERATING",
    }],
    dense_per_day: 20,
    ..Plan::EMPTY
};

pub(crate) static CORRECTED: Plan = Plan { oddity: Oddity::Corrections, ..QUIET_COPY };
pub(crate) static TWINS: Plan = Plan { oddity: Oddity::Twins, ..QUIET_COPY };
pub(crate) static SHARED_IDS: Plan = Plan { oddity: Oddity::SharedIds, ..QUIET_COPY };

const QUIET_COPY: Plan = Plan {
    monthly: &[Monthly {
        day: 2,
        kind: "DIRECTDEP",
        cents: (182_000, 182_000),
        name: "OLD MILL PENSION FUND",
    }],
    habits: &[Habit {
        per_mille: 420,
        kind: "POS",
        cents: (-11_400, -1_100),
        names: &["GREENLEAF MARKET #112", "CORNER GROCER", "CEDAR PHARMACY"],
    }],
    ..Plan::EMPTY
};

/// An account abroad.
pub(crate) static ABROAD: Plan = Plan {
    monthly: &[
        Monthly { day: 28, kind: "DIRECTDEP", cents: (241_000, 241_000), name: "VIREMENT ATELIER DUMAS" },
        Monthly { day: 5, kind: "DIRECTDEBIT", cents: (-89_000, -89_000), name: "LOYER RUE DES LILAS" },
        Monthly { day: 10, kind: "DIRECTDEBIT", cents: (-7_420, -4_310), name: "ÉLECTRICITÉ DU LAC" },
    ],
    habits: &[Habit {
        per_mille: 450,
        kind: "POS",
        cents: (-9_850, -390),
        names: &["BOULANGERIE DU LAC", "MARCHÉ COUVERT", "PHARMACIE CENTRALE", "LIBRAIRIE DU PORT"],
    }],
    ..Plan::EMPTY
};

/// Health spending.
pub(crate) static HEALTH: Plan = Plan {
    monthly: &[Monthly { day: 14, kind: "DEP", cents: (15_000, 15_000), name: "EMPLOYER CONTRIBUTION" }],
    habits: &[Habit {
        per_mille: 30,
        kind: "POS",
        cents: (-18_000, -1_500),
        names: &["CEDAR PHARMACY", "LAKESIDE DENTAL", "OPTIC HOUSE"],
    }],
    ..Plan::EMPTY
};
