//! Where days and amounts lie in a drawing, and the axes around it.

use domain::{Date, Money, time::date_words};
use jiff::ToSpan;

use super::{About, Grid, HEAD, HEIGHT, Point, Stop, Tick, days_between, told};

/// Where days and amounts lie in the drawing.
pub(super) struct Frame {
    first: Date,
    days: i32,
    low: f64,
    high: f64,
    step: f64,
    decimals: u32,
}

impl Frame {
    /// The frame that holds all points, with room up to the next line of the grid.
    pub(super) fn around(points: &[Point], about: About) -> Self {
        let amounts = points.iter().flat_map(|point| {
            let parts = point.parts.map_or([point.value; 2], |(assets, debts)| [assets, debts]);
            [point.value, parts[0], parts[1]]
        });
        let decimals = points.first().map_or(2, |point| point.value.currency.decimals());
        let unit = 10_f64.powi(decimals as i32);
        let (mut low, mut high) = amounts.fold((f64::MAX, f64::MIN), |(low, high), amount| {
            let amount = amount.minor as f64 / unit;
            (low.min(amount), high.max(amount))
        });
        // A line far away from zero would be flat if the axis began there; one near it, or with debts, begins at zero.
        if about == About::NetWorth
            || low.abs().min(high.abs()) < (high - low) * 2.0
            || (high - low).abs() < f64::EPSILON
        {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if (high - low).abs() < f64::EPSILON {
            high = low + 1.0;
        }
        let step = nice_step(high - low);
        let days =
            points.first().zip(points.last()).map_or(0, |(first, last)| days_between(first.day, last.day));
        Self {
            first: points.first().map_or(Date::ZERO, |point| point.day),
            days,
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
            decimals,
        }
    }

    pub(super) fn has_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }

    /// 0 at the first day, 1 at the last; a single day stands in the middle.
    pub(super) fn x(&self, day: Date) -> f64 {
        if self.days == 0 { 0.5 } else { f64::from(days_between(self.first, day)) / f64::from(self.days) }
    }

    pub(super) fn y_of(&self, amount: f64) -> f64 {
        HEAD + (HEIGHT - HEAD) * (self.high - amount) / (self.high - self.low)
    }

    pub(super) fn y(&self, amount: Money) -> f64 {
        self.y_of(amount.minor as f64 / 10_f64.powi(self.decimals as i32))
    }

    pub(super) fn grid(&self) -> Vec<Grid> {
        let lines = ((self.high - self.low) / self.step).round() as i32;
        (0..=lines)
            .map(|line| self.low + f64::from(line) * self.step)
            .map(|amount| {
                let y = self.y_of(amount);
                let zero = amount.abs() < self.step / 2.0;
                Grid { y: pixel(y), text_y: pixel(y + 4.0), label: short(amount, self.step), zero }
            })
            .collect()
    }

    /// Days, half-months, months or years: as many as a person can read.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        if self.days == 0 {
            return vec![Tick {
                x: percent(0.5),
                anchor: "middle",
                label: date_words(self.first),
                spare: false,
            }];
        }
        let last = self.first.saturating_add(self.days.days());
        let days: Vec<(Date, String)> = if self.days <= 75 {
            let step = [1, 2, 3, 7, 14].into_iter().find(|step| self.days / step <= 6).unwrap_or(14);
            every_days(self.first, last, step)
        } else {
            let months = self.days / 30;
            let step = [1, 2, 3, 6, 12, 24, 60].into_iter().find(|step| months / step <= 7).unwrap_or(120);
            every_months(self.first, last, step)
        };
        // A label needs about a tenth of the width; the second of a close pair goes.
        let mut ticks: Vec<Tick> = Vec::new();
        for (index, (day, label)) in days.into_iter().enumerate() {
            let x = self.x(day);
            let anchor = match x {
                x if x < 0.03 => "start",
                x if x > 0.97 => "end",
                _ => "middle",
            };
            ticks.push(Tick { x: percent(x), anchor, label, spare: index % 2 == 1 });
        }
        ticks
    }

    pub(super) fn stops(&self, points: &[Point], about: About) -> Vec<Stop> {
        let xs: Vec<f64> = points.iter().map(|point| self.x(point.day)).collect();
        let middle = |at: usize| f64::midpoint(xs[at], xs[at + 1]);
        (0..points.len())
            .map(|at| {
                let (point, x) = (points[at], xs[at]);
                let from = if at == 0 { 0.0 } else { middle(at - 1) };
                let to = if at + 1 == xs.len() { 1.0 } else { middle(at) };
                let (words, spoken) = told(&point, about);
                let (anchor, words_x) = match x {
                    x if x < 0.34 => ("start", "0%"),
                    x if x > 0.66 => ("end", "100%"),
                    _ => ("middle", "50%"),
                };
                Stop {
                    x: percent(x),
                    y: pixel(self.y(point.value)),
                    strip_x: percent(from),
                    strip_width: percent(to - from),
                    anchor,
                    words_x,
                    words,
                    spoken,
                    last: at + 1 == points.len(),
                }
            })
            .collect()
    }
}

fn every_days(first: Date, last: Date, step: i32) -> Vec<(Date, String)> {
    let mut days = Vec::new();
    let mut day = first;
    while day <= last && days.len() < 20 {
        days.push((day, day.strftime("%b %-d").to_string()));
        day = day.saturating_add(step.days());
    }
    days
}

fn every_months(first: Date, last: Date, step: i32) -> Vec<(Date, String)> {
    let mut days = Vec::new();
    let mut day = first.first_of_month().saturating_add(1.month());
    // Steps of a quarter and more begin with a quarter, half-year or year.
    while step > 2 && (i32::from(day.month()) - 1) % step.min(12) != 0 {
        day = day.saturating_add(1.month());
    }
    while day <= last && days.len() < 20 {
        let words = if day.month() == 1 || step >= 12 || days.is_empty() { "%b %Y" } else { "%b" };
        let words = if step >= 12 { "%Y" } else { words };
        days.push((day, day.strftime(words).to_string()));
        day = day.saturating_add(step.months());
    }
    days
}

/// 1, 2, 2.5 or 5 times a power of ten, so that four to seven lines result.
fn nice_step(span: f64) -> f64 {
    let power = 10_f64.powf((span / 5.0).log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| span / step <= 6.0)
        .unwrap_or(power * 10.0)
}

/// `1.5M`, `500k`, `0`, with as many places as the step needs.
pub(super) fn short(amount: f64, step: f64) -> String {
    let (size, letter) = match amount.abs().max(step) {
        largest if largest >= 1e9 => (1e9, "B"),
        largest if largest >= 1e6 => (1e6, "M"),
        largest if largest >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    if amount.abs() < step / 1000.0 {
        return "0".to_owned();
    }
    let places =
        (0..=2).find(|places| ((step / size * 10_f64.powi(*places)).fract()).abs() < 1e-6).unwrap_or(2);
    let sign = if amount < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{:.*}{letter}", places as usize, amount.abs() / size)
}

pub(super) fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

pub(super) fn pixel(y: f64) -> String {
    format!("{y:.1}")
}
