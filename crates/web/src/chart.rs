//! Charts as SVG that takes the page's colours: geometry here, drawing in `templates/part/`.
//!
//! Lengths along the time axis are percent of the plot's width and heights are pixels, so that text keeps its size at
//! any width. No `style` attributes: the content security policy forbids them.

use askama::Template;
use domain::{
    Date, Money,
    account::ValuePoint,
    holding::{Holding, SecurityKind},
    networth::NetWorthPoint,
    time::date_words,
};
use jiff::ToSpan;

/// The height of the drawing, the text below it excluded, in pixels.
const HEIGHT: f64 = 256.0;
/// Room at the top for the words of the point under the pointer.
const HEAD: f64 = 24.0;
/// The widest step between two known days that is drawn as a line: a long weekend and one missed run.
const GAP_DAYS: i32 = 7;
/// The most points that answer to pointer and keyboard.
const STOPS_MAX: usize = 62;
/// The most points of a drawn line; a year of days fits.
const DRAWN_MAX: usize = 400;

/// How far back a chart looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Range {
    Month,
    Quarter,
    #[default]
    Year,
    All,
}

impl Range {
    /// All, in the order in which pages offer them.
    const ALL: [Self; 4] = [Self::Month, Self::Quarter, Self::Year, Self::All];

    /// What the link says.
    fn label(self) -> &'static str {
        match self {
            Self::Month => "1M",
            Self::Quarter => "3M",
            Self::Year => "1Y",
            Self::All => "All",
        }
    }

    /// What a screen reader says instead.
    fn spoken(self) -> &'static str {
        match self {
            Self::Month => "one month",
            Self::Quarter => "three months",
            Self::Year => "one year",
            Self::All => "all that is known",
        }
    }

    /// The code in the address.
    fn code(self) -> &'static str {
        match self {
            Self::Month => "1m",
            Self::Quarter => "3m",
            Self::Year => "1y",
            Self::All => "all",
        }
    }

    /// The range of a code; anything else is a year.
    pub(crate) fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|range| range.code() == code).unwrap_or_default()
    }

    /// The first day, seen from `today`; `None` for all.
    pub(crate) fn first_day(self, today: Date) -> Option<Date> {
        match self {
            Self::Month => Some(today.saturating_sub(1.month())),
            Self::Quarter => Some(today.saturating_sub(3.months())),
            Self::Year => Some(today.saturating_sub(1.year())),
            Self::All => None,
        }
    }
}

/// A known day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    day: Date,
    /// The line that counts: net worth, or the value of the account.
    value: Money,
    /// Assets and debts, for net worth.
    parts: Option<(Money, Money)>,
}

/// What a chart is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    NetWorth,
    Value,
    /// A value kept by hand holds until the next one is entered.
    ByHand,
}

/// A chart over time with its range links, words and table. `Display` draws it.
#[derive(Debug, Template)]
#[template(path = "part/chart.html")]
pub(crate) struct Chart {
    ranges: Vec<RangeLink>,
    net_worth: bool,
    /// Assets and debts of the last day, for the legend.
    last_parts: Option<(String, String)>,
    /// SVG paths in a box of 1000 by 256.
    area: String,
    line: String,
    assets: String,
    debts: String,
    /// Days that stand alone between gaps: x in percent, y.
    lone: Vec<(String, String)>,
    end: Option<(String, String)>,
    grid: Vec<Grid>,
    ticks: Vec<Tick>,
    stops: Vec<Stop>,
    summary: String,
    rows: Vec<Row>,
    height: f64,
}

#[derive(Debug)]
struct RangeLink {
    label: &'static str,
    spoken: &'static str,
    href: String,
    current: bool,
}

#[derive(Debug)]
struct Grid {
    y: String,
    /// Where its label stands.
    text_y: String,
    label: String,
    zero: bool,
}

#[derive(Debug)]
struct Tick {
    x: String,
    anchor: &'static str,
    label: String,
    /// Left out on narrow screens.
    spare: bool,
}

/// A point that pointer and keyboard reach: a strip with a line, a dot and words.
#[derive(Debug)]
struct Stop {
    x: String,
    y: String,
    strip_x: String,
    strip_width: String,
    /// Where the words stand, so that they stay inside.
    anchor: &'static str,
    words_x: &'static str,
    words: String,
    spoken: String,
    last: bool,
}

#[derive(Debug)]
struct Row {
    day: String,
    value: String,
    parts: Option<(String, String)>,
}

/// Net worth over time; `None` when nothing is known in the range or at all. `path` is the page's address.
pub(crate) fn net_worth(points: &[NetWorthPoint], range: Range, today: Date, path: &str) -> Option<Chart> {
    let points: Vec<Point> = points
        .iter()
        .filter_map(|point| {
            let value = point.assets.checked_add(point.debts)?;
            Some(Point { day: point.day, value, parts: Some((point.assets, point.debts)) })
        })
        .collect();
    chart(&points, About::NetWorth, range, today, path)
}

/// The value of an account over time; `None` when there is nothing to draw.
pub(crate) fn value(
    points: &[ValuePoint],
    by_hand: bool,
    range: Range,
    today: Date,
    path: &str,
) -> Option<Chart> {
    let points: Vec<Point> =
        points.iter().map(|point| Point { day: point.day, value: point.amount, parts: None }).collect();
    chart(&points, if by_hand { About::ByHand } else { About::Value }, range, today, path)
}

fn chart(points: &[Point], about: About, range: Range, today: Date, path: &str) -> Option<Chart> {
    let all = held_on(points, about, range, today);
    let points: Vec<Point> = match range.first_day(today) {
        Some(first) => all.into_iter().filter(|point| point.day >= first && point.day <= today).collect(),
        None => all,
    };
    let (first, last) = (*points.first()?, *points.last()?);
    let frame = Frame::around(&points, about);
    let drawn = thinned(&points, DRAWN_MAX);
    let runs = runs(&drawn, about);
    let stops = thinned(&points, STOPS_MAX);
    let line = |of: &dyn Fn(&Point) -> Money| lines(&runs, &frame, about, of);
    let net_worth = about == About::NetWorth;
    Some(Chart {
        ranges: links(range, path),
        net_worth,
        last_parts: last.parts.map(|(assets, debts)| (assets.to_string(), debts.to_string())),
        area: if frame.has_zero() { areas(&runs, &frame, about) } else { String::new() },
        line: line(&|point| point.value),
        assets: if net_worth {
            line(&|point| point.parts.map_or(point.value, |parts| parts.0))
        } else {
            String::new()
        },
        debts: if net_worth {
            line(&|point| point.parts.map_or(point.value, |parts| parts.1))
        } else {
            String::new()
        },
        lone: runs
            .iter()
            .filter(|run| run.len() == 1)
            .map(|run| (percent(frame.x(run[0].day)), pixel(frame.y(run[0].value))))
            .collect(),
        end: Some((percent(frame.x(last.day)), pixel(frame.y(last.value)))),
        grid: frame.grid(),
        ticks: frame.ticks(),
        stops: frame.stops(&stops, about),
        summary: summary(&points, first, last, about),
        rows: rows(&points),
        height: HEIGHT,
    })
}

/// What is kept by hand holds from the day it was entered: on the first day of the range, and until today.
fn held_on(points: &[Point], about: About, range: Range, today: Date) -> Vec<Point> {
    let mut points = points.to_vec();
    if about != About::ByHand {
        return points;
    }
    if let Some(first) = range.first_day(today)
        && let Some(before) = points.iter().rfind(|point| point.day < first).copied()
        && !points.iter().any(|point| point.day == first)
    {
        let at = points.partition_point(|point| point.day < first);
        points.insert(at, Point { day: first, ..before });
    }
    if let Some(last) = points.last().copied().filter(|last| last.day < today) {
        points.push(Point { day: today, ..last });
    }
    points
}

/// Every n-th point, counted from the last, so that the last is always there.
fn thinned(points: &[Point], most: usize) -> Vec<Point> {
    let step = points.len().div_ceil(most).max(1);
    let mut kept: Vec<Point> = points.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}

/// Points that a line may connect: what lies between two runs is not known, and stays a gap.
fn runs(points: &[Point], about: About) -> Vec<Vec<Point>> {
    // Thinned points lie further apart without anything missing between them.
    let widest = points.windows(2).map(|pair| days_between(pair[0].day, pair[1].day)).min().unwrap_or(1);
    let limit = GAP_DAYS.max(widest + GAP_DAYS - 1);
    let mut runs: Vec<Vec<Point>> = Vec::new();
    for point in points {
        let joins = runs
            .last()
            .and_then(|run| run.last())
            .is_some_and(|before| about == About::ByHand || days_between(before.day, point.day) <= limit);
        match runs.last_mut().filter(|_| joins) {
            Some(run) => run.push(*point),
            None => runs.push(vec![*point]),
        }
    }
    runs
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// Where days and amounts lie in the drawing.
struct Frame {
    first: Date,
    days: i32,
    low: f64,
    high: f64,
    step: f64,
    decimals: u32,
}

impl Frame {
    fn around(points: &[Point], about: About) -> Self {
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
        if about == About::NetWorth || low.abs().min(high.abs()) < (high - low) * 2.0 || low == high {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if low == high {
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

    fn has_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }

    /// 0 at the first day, 1 at the last; a single day stands in the middle.
    fn x(&self, day: Date) -> f64 {
        if self.days == 0 { 0.5 } else { f64::from(days_between(self.first, day)) / f64::from(self.days) }
    }

    fn y_of(&self, amount: f64) -> f64 {
        HEAD + (HEIGHT - HEAD) * (self.high - amount) / (self.high - self.low)
    }

    fn y(&self, amount: Money) -> f64 {
        self.y_of(amount.minor as f64 / 10_f64.powi(self.decimals as i32))
    }

    fn grid(&self) -> Vec<Grid> {
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
    fn ticks(&self) -> Vec<Tick> {
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

    fn stops(&self, points: &[Point], about: About) -> Vec<Stop> {
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
fn short(amount: f64, step: f64) -> String {
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

fn percent(part: f64) -> String {
    format!("{:.2}%", part * 100.0)
}

fn pixel(y: f64) -> String {
    format!("{y:.1}")
}

fn lines(runs: &[Vec<Point>], frame: &Frame, about: About, of: &dyn Fn(&Point) -> Money) -> String {
    let mut path = String::new();
    for run in runs.iter().filter(|run| run.len() > 1) {
        path.push_str(&trace(run, frame, about, of, 'M'));
    }
    path
}

fn areas(runs: &[Vec<Point>], frame: &Frame, about: About) -> String {
    let zero = pixel(frame.y_of(0.0));
    let mut path = String::new();
    for run in runs.iter().filter(|run| run.len() > 1) {
        let start = frame.x(run[0].day) * 1000.0;
        path.push_str(&format!(
            "M{start:.1} {zero}{}V{zero}Z",
            trace(run, frame, about, &|point| point.value, 'L')
        ));
    }
    path
}

/// One run as SVG path data; by hand as stairs, since a value holds until the next is entered.
fn trace(run: &[Point], frame: &Frame, about: About, of: &dyn Fn(&Point) -> Money, begin: char) -> String {
    let mut path = String::with_capacity(run.len() * 12);
    for (index, point) in run.iter().enumerate() {
        let (x, y) = (frame.x(point.day) * 1000.0, frame.y(of(point)));
        match index {
            0 => path.push_str(&format!("{begin}{x:.1} {y:.1}")),
            _ if about == About::ByHand => path.push_str(&format!("H{x:.1}V{y:.1}")),
            _ => path.push_str(&format!("L{x:.1} {y:.1}")),
        }
    }
    path
}

fn links(range: Range, path: &str) -> Vec<RangeLink> {
    Range::ALL
        .into_iter()
        .map(|offered| RangeLink {
            label: offered.label(),
            spoken: offered.spoken(),
            href: format!("{path}?range={}", offered.code()),
            current: offered == range,
        })
        .collect()
}

/// The words of a point: short ones to see, full ones to hear.
fn told(point: &Point, about: About) -> (String, String) {
    let day = date_words(point.day);
    match (about, point.parts) {
        (About::NetWorth, Some((assets, debts))) => (
            format!("{day}: net worth {}", point.value),
            format!("{day}: net worth {}, assets {assets}, debts {debts}", point.value),
        ),
        _ => (format!("{day}: {}", point.value), format!("{day}: {}", point.value)),
    }
}

fn summary(points: &[Point], first: Point, last: Point, about: About) -> String {
    let what = if about == About::NetWorth { "Net worth" } else { "The value" };
    if points.len() == 1 {
        return format!(
            "{what} is known since {}: {}. Each update adds a day.",
            date_words(first.day),
            first.value
        );
    }
    let change =
        Money { minor: last.value.minor.saturating_sub(first.value.minor), currency: last.value.currency };
    let size = Money { minor: change.minor.saturating_abs(), currency: change.currency };
    let verb = match change.minor {
        0 => format!("{what} stayed at {}", last.value),
        up if up > 0 => format!("{what} rose by {size}, from {} to {}", first.value, last.value),
        _ => format!("{what} fell by {size}, from {} to {}", first.value, last.value),
    };
    let mut words = format!("{verb}, between {} and {}.", date_words(first.day), date_words(last.day));
    let runs = runs(points, about);
    match runs.windows(2).next() {
        Some(pair) if runs.len() == 2 => {
            let (before, after) = (pair[0][pair[0].len() - 1].day, pair[1][0].day);
            words.push_str(&format!(
                " Nothing is known between {} and {}.",
                date_words(before),
                date_words(after)
            ));
        }
        Some(_) => {
            words.push_str(&format!(" The {} gaps are times of which nothing is known.", runs.len() - 1))
        }
        None => {}
    }
    words
}

/// The last known day of each day, week or month, newest first.
fn rows(points: &[Point]) -> Vec<Row> {
    let span = points.first().zip(points.last()).map_or(0, |(first, last)| days_between(first.day, last.day));
    let bucket = |day: Date| match span {
        0..=45 => (i32::from(day.year()), i32::from(day.day_of_year())),
        46..=120 => {
            let week = day.iso_week_date();
            (i32::from(week.year()), i32::from(week.week()))
        }
        _ => (i32::from(day.year()), i32::from(day.month())),
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut before = None;
    for point in points.iter().rev() {
        if before.replace(bucket(point.day)) == Some(bucket(point.day)) {
            continue;
        }
        rows.push(Row {
            day: date_words(point.day),
            value: point.value.to_string(),
            parts: point.parts.map(|(assets, debts)| (assets.to_string(), debts.to_string())),
        });
    }
    rows
}

/// What an account's holdings consist of: a ring with its list. `Display` draws it.
#[derive(Debug, Template)]
#[template(path = "part/allocation.html")]
pub(crate) struct Allocation {
    shares: Vec<Share>,
    count: usize,
    /// Holdings with a value below zero: in the table, not in the ring.
    short: usize,
}

#[derive(Debug)]
struct Share {
    name: String,
    value: String,
    percent: String,
    /// `k1` to `k6`.
    class: String,
    /// Dashes of the ring, whose circumference is 100.
    dash: String,
    offset: String,
}

/// The parts of the holdings by kind; by name when all are of one kind. `None` without a positive value.
pub(crate) fn allocation(holdings: &[Holding]) -> Option<Allocation> {
    let positive: Vec<&Holding> = holdings.iter().filter(|holding| holding.value.minor > 0).collect();
    let first = positive.first()?;
    let one_kind = positive.iter().all(|holding| holding.kind == first.kind);
    let mut sums: Vec<(String, i64)> = Vec::new();
    for holding in &positive {
        let name =
            if one_kind { shown_name(holding).to_owned() } else { kind_label(holding.kind).to_owned() };
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(holding.value.minor),
            None => sums.push((name, holding.value.minor)),
        }
    }
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    if sums.len() > 6 {
        let rest = sums.split_off(5);
        let sum = rest.iter().fold(0_i64, |sum, (_, part)| sum.saturating_add(*part));
        sums.push((format!("{} others", rest.len()), sum));
    }
    let whole = sums.iter().fold(0_i64, |sum, (_, part)| sum.saturating_add(*part)) as f64;
    let mut turned = 0.0;
    let shares = sums
        .into_iter()
        .enumerate()
        .map(|(index, (name, minor))| {
            let part = minor as f64 / whole * 100.0;
            // A hair of space between two parts; a circle begins at three o'clock, ours at twelve.
            let dash = format!("{:.2} {:.2}", (part - 0.6).max(0.2), 100.0 - (part - 0.6).max(0.2));
            let offset = format!("{:.2}", 25.0 - turned);
            turned += part;
            let value = Money { minor, currency: first.value.currency }.to_string();
            Share {
                name,
                value,
                percent: format!("{part:.1}%"),
                class: format!("k{}", index + 1),
                dash,
                offset,
            }
        })
        .collect();
    Some(Allocation { shares, count: positive.len(), short: holdings.len() - positive.len() })
}

/// The name of a holding, or what stands for it.
pub(crate) fn shown_name(holding: &Holding) -> &str {
    [&holding.name, &holding.symbol, &holding.security_id]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("Unnamed", String::as_str)
}

/// What people call a kind of security.
pub(crate) fn kind_label(kind: SecurityKind) -> &'static str {
    match kind {
        SecurityKind::Stock => "Stocks",
        SecurityKind::Fund => "Funds",
        SecurityKind::Bond => "Bonds",
        SecurityKind::Option => "Options",
        SecurityKind::Cash => "Cash",
        SecurityKind::Other => "Other",
    }
}

#[cfg(test)]
mod tests;
