//! Loans with a level payment, from their terms: every payment's interest, principal and escrow, and what is still owed.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::ledger::start_of_day;

/// The contract.
#[derive(Debug)]
pub(crate) struct Terms {
    /// OFX's LOANACCTTYPE: MORTGAGE, AUTO, STUDENT …
    pub kind: &'static str,
    pub principal_cents: i64,
    /// Yearly rate in thousandths of a percent: 3875 is 3.875 %.
    pub rate: i64,
    /// Principal and interest, a month.
    pub payment_cents: i64,
    pub escrow_cents: i64,
    pub payments: u16,
    /// Payments are due on the same day of the following months.
    pub first_payment: Date,
}

/// One payment made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub at: Timestamp,
    pub number: u16,
    pub interest_cents: i64,
    pub principal_cents: i64,
    pub escrow_cents: i64,
    /// Owed after this payment.
    pub owed_cents: i64,
}

impl Terms {
    /// All payments until an instant, oldest first.
    pub(crate) fn payments_until(&self, until: Timestamp) -> Vec<Payment> {
        let mut owed = self.principal_cents;
        let mut payments = Vec::new();
        for number in 1..=self.payments {
            let at = self.due(number);
            if at > until || owed == 0 {
                break;
            }
            let interest = self.interest(owed);
            let principal = (self.payment_cents - interest).min(owed);
            owed -= principal;
            payments.push(Payment {
                at,
                number,
                interest_cents: interest,
                principal_cents: principal,
                escrow_cents: self.escrow_cents,
                owed_cents: owed,
            });
        }
        payments
    }

    /// What is owed at an instant.
    pub(crate) fn owed_at(&self, at: Timestamp) -> i64 {
        self.payments_until(at).last().map_or(self.principal_cents, |payment| payment.owed_cents)
    }

    /// Noon of the day a payment is due, in GMT. Payments count from 1.
    pub(crate) fn due(&self, number: u16) -> Timestamp {
        let months = jiff::Span::new().months(i32::from(number.saturating_sub(1)));
        start_of_day(self.first_payment.saturating_add(months)) + SignedDuration::from_hours(12)
    }

    fn interest(&self, owed: i64) -> i64 {
        (owed * self.rate + 600_000) / 1_200_000
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::household;

    #[test]
    fn the_households_loans_are_where_they_should_be() {
        let at = "2026-11-20T23:00:00Z".parse().unwrap();
        assert_eq!(household::MORTGAGE.owed_at(at), 29_648_012);
        assert_eq!(household::AUTO_LOAN.owed_at(at), 1_291_120);
    }

    #[test]
    fn each_payment_lowers_what_is_owed_by_its_principal() {
        let payments = household::MORTGAGE.payments_until("2030-01-01T00:00:00Z".parse().unwrap());
        assert!(payments.len() > 120);
        for pair in payments.windows(2) {
            assert_eq!(pair[0].owed_cents - pair[1].owed_cents, pair[1].principal_cents);
            assert_eq!(pair[1].principal_cents + pair[1].interest_cents, household::MORTGAGE.payment_cents);
        }
    }
}
