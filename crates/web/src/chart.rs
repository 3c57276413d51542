//! Charts as SVG that takes the page's colours: geometry here, drawing in `templates/part/`.
//!
//! Lengths along the time axis are percent of the plot's width and heights are pixels, so that text keeps its size at
//! any width. No `style` attributes: the content security policy forbids them.

mod allocation;
mod frame;

use std::fmt::Write as _;

use askama::Template;
use domain::{Date, Money, account::ValuePoint, networth::NetWorthPoint, time::date_words};
use jiff::ToSpan;

use frame::{Frame, percent, pixel};

pub(crate) use allocation::{Allocation, allocation, kind_label, owned, shown_name};

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
    /// A single day is known at all: words say more than a dot in an empty frame.
    pub(crate) begins: bool,
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
    let all_known = points.len();
    let all = held_on(points, about, range, today);
    let points: Vec<Point> = match range.first_day(today) {
        Some(first) => all.into_iter().filter(|point| point.day >= first && point.day <= today).collect(),
        None => all,
    };
    let begins = all_known < 2;
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
        begins,
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
        let top = trace(run, frame, about, &|point| point.value, 'L');
        path.extend([format!("M{start:.1} {zero}"), top, format!("V{zero}Z")]);
    }
    path
}

/// One run as SVG path data; by hand as stairs, since a value holds until the next is entered.
fn trace(run: &[Point], frame: &Frame, about: About, of: &dyn Fn(&Point) -> Money, begin: char) -> String {
    let mut path = String::with_capacity(run.len() * 12);
    for (index, point) in run.iter().enumerate() {
        let (x, y) = (frame.x(point.day) * 1000.0, frame.y(of(point)));
        // Writing into a string can't fail.
        let _ = match index {
            0 => write!(path, "{begin}{x:.1} {y:.1}"),
            _ if about == About::ByHand => write!(path, "H{x:.1}V{y:.1}"),
            _ => write!(path, "L{x:.1} {y:.1}"),
        };
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
            "{what} is known since {}. Each update adds a day to its history.",
            date_words(first.day)
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
    let words = format!("{verb}, between {} and {}.", date_words(first.day), date_words(last.day));
    let runs = runs(points, about);
    match &runs[..] {
        [_] => words,
        [before, after] => {
            let (before, after) = (before[before.len() - 1].day, after[0].day);
            format!("{words} Nothing is known between {} and {}.", date_words(before), date_words(after))
        }
        _ => format!("{words} The {} gaps are times of which nothing is known.", runs.len() - 1),
    }
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

#[cfg(test)]
mod tests;
