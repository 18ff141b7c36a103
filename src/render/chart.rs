//! Pictures of characters: swimlanes and sparklines, within the width that there is. They are told apart by shape, so that
//! they read without colour.

use chrono::{DateTime, Utc};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{
    axis::{number, ticks},
    neutral::neutral,
};
use crate::report::{Chart, Drawing, Lane, MarkKind, Series};

/// Columns for names and for what stands behind a lane, on a wide screen and on a narrow one.
const WIDE: (usize, usize) = (26, 26);
const NARROW: (usize, usize) = (18, 18);
/// From this width on a screen is wide.
const WIDE_FROM: usize = 110;
/// Labels of the axis stand at least so many columns apart.
const LABEL_COLUMNS: usize = 10;
/// A value from nothing to the most.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Its lines; empty for what characters can't draw.
pub(super) fn lines(chart: &Chart, width: usize) -> Vec<String> {
    let plot = Plot::new(chart, width);
    match &chart.drawing {
        Drawing::Lanes(lanes) => {
            let mut drawn = vec![plot.axis()];
            drawn.extend(lanes.iter().map(|lane| plot.lane(lane)));
            drawn.extend(legend(lanes, width));
            drawn
        }
        Drawing::Series(series) => {
            let mut drawn = vec![plot.axis()];
            drawn.extend(series.iter().map(|one| plot.series(one)));
            drawn
        }
        Drawing::Durations(_) | Drawing::Rates(_) => Vec::new(),
    }
}

/// Where the time of a chart lies on the screen.
struct Plot {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    name: usize,
    columns: usize,
    note: usize,
}

impl Plot {
    fn new(chart: &Chart, width: usize) -> Self {
        let (name, note) = if width >= WIDE_FROM { WIDE } else { NARROW };
        Self {
            from: chart.from,
            to: chart.to,
            name,
            columns: width.saturating_sub(name + note + 2).max(10),
            note,
        }
    }

    fn length_us(&self) -> i64 {
        (self.to - self.from).num_microseconds().unwrap_or(i64::MAX).max(1)
    }

    /// The column of an instant; what lies outside counts to the nearest.
    fn column(&self, at: DateTime<Utc>) -> usize {
        let since = (at - self.from)
            .num_microseconds()
            .unwrap_or(0)
            .clamp(0, self.length_us());
        let columns = self.columns as i128;
        let column = i128::from(since) * columns / i128::from(self.length_us());
        usize::try_from(column.min(columns - 1)).unwrap_or_default()
    }

    /// Times, each where its column begins.
    fn axis(&self) -> String {
        let mut cells = vec![' '; self.columns];
        let mut free_from = 0;
        for tick in ticks(self.from, self.to, self.columns / LABEL_COLUMNS) {
            let label: Vec<char> = format!("|{}", tick.label).chars().collect();
            let column = self.column(tick.at);
            if column >= free_from && column + label.len() <= self.columns {
                cells[column..column + label.len()].copy_from_slice(&label);
                free_from = column + label.len() + 1;
            }
        }
        let text: String = cells.into_iter().collect();
        format!("{} {}", " ".repeat(self.name), text).trim_end().to_owned()
    }

    fn line(&self, name: &str, cells: &[char], note: &str) -> String {
        let text: String = cells.iter().collect();
        let (name, note) = (fit(&neutral(name), self.name), fit(&neutral(note), self.note));
        let pad = " ".repeat(self.name.saturating_sub(name.width()));
        format!("{name}{pad} {text} {note}").trim_end().to_owned()
    }

    fn lane(&self, lane: &Lane) -> String {
        let mut cells: Vec<Option<MarkKind>> = vec![None; self.columns];
        for mark in &lane.marks {
            let last = self.column(mark.to.max(mark.from));
            for cell in &mut cells[self.column(mark.from)..=last] {
                // What is worse hides what is better.
                *cell = (*cell).max(Some(mark.kind));
            }
        }
        let cells: Vec<char> = cells.into_iter().map(|kind| kind.map_or(' ', symbol)).collect();
        self.line(&lane.name, &cells, &lane.note)
    }

    fn series(&self, series: &Series) -> String {
        let most = series.values.iter().flatten().copied().fold(0.0_f64, f64::max);
        let full = series.limit.unwrap_or(most).max(most);
        let steps = series.values.len().max(1);
        let level = |column: usize| {
            let (first, last) = (
                column * steps / self.columns,
                ((column + 1) * steps).div_ceil(self.columns),
            );
            let within = series.values.get(first..last.min(steps)).unwrap_or_default();
            let value = within.iter().flatten().copied().reduce(f64::max)?;
            Some(bar(value, full))
        };
        let cells: Vec<char> = (0..self.columns).map(|column| level(column).unwrap_or(' ')).collect();
        let scale = match series.limit {
            Some(limit) => format!("0-{} of {} {}", number(most), number(limit), series.unit),
            None => format!("0-{} {}", number(most), series.unit),
        };
        self.line(&series.name, &cells, &scale)
    }
}

/// Something is never drawn as nothing.
fn bar(value: f64, full: f64) -> char {
    if value <= 0.0 || full <= 0.0 {
        return LEVELS[0];
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1, times seven
    let level = (value / full * 7.0).ceil() as usize;
    LEVELS[level.clamp(1, LEVELS.len() - 1)]
}

fn symbol(kind: MarkKind) -> char {
    match kind {
        MarkKind::Alive => '─',
        MarkKind::Gap => '░',
        MarkKind::Success => '·',
        MarkKind::Slow => '▒',
        MarkKind::Trouble => '╌',
        MarkKind::Failure => '×',
        MarkKind::Hang => '█',
        MarkKind::Stop => '▽',
        MarkKind::Start => '▲',
    }
}

/// What the lanes hold, no more; on as many lines as it takes.
fn legend(lanes: &[Lane], width: usize) -> Vec<String> {
    let is_drawn = |kind: &MarkKind| lanes.iter().flat_map(|lane| &lane.marks).any(|mark| mark.kind == *kind);
    let mut lines: Vec<String> = Vec::new();
    for kind in MarkKind::ALL.into_iter().filter(is_drawn) {
        let part = format!("{} {}", symbol(kind), kind.meaning());
        match lines.last_mut() {
            Some(line) if line.width() + 3 + part.width() <= width => *line += &format!("   {part}"),
            _ => lines.push(part),
        }
    }
    lines
}

/// Cut to so many columns.
fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|one| {
        used += one.width().unwrap_or(0);
        used <= columns
    });
    let kept: String = kept.collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::report::Mark;

    fn chart(drawing: Drawing) -> Chart {
        let from = DateTime::from_timestamp(1_765_175_400, 0).unwrap_or_default();
        Chart {
            title: String::from("what happened"),
            from,
            to: from + TimeDelta::minutes(30),
            drawing,
        }
    }

    fn mark(kind: MarkKind, from_min: i64, to_min: i64) -> Mark {
        let begin = chart(Drawing::Lanes(Vec::new())).from;
        Mark {
            from: begin + TimeDelta::minutes(from_min),
            to: begin + TimeDelta::minutes(to_min),
            kind,
            count: 1,
            label: String::new(),
        }
    }

    #[test]
    fn lanes_fit_every_width_and_what_is_worse_shows() {
        let lane = Lane {
            name: String::from("GET /a-route/that/is/long/{beyond}/all/measure"),
            marks: vec![mark(MarkKind::Success, 0, 29), mark(MarkKind::Hang, 10, 20)],
            note: String::from("24 min"),
        };
        let chart = chart(Drawing::Lanes(vec![lane]));
        for width in [40, 80, 120, 200] {
            let drawn = lines(&chart, width);
            assert!(drawn.iter().all(|line| line.width() <= width), "{width}: {drawn:#?}");
            assert!(drawn[1].contains("··█") && drawn[1].contains("█··"), "{drawn:#?}");
            assert!(drawn[1].ends_with("24 min"), "{drawn:#?}");
        }
        assert_eq!(lines(&chart, 80)[2], "· succeeds   █ hangs");
    }

    #[test]
    fn a_single_failure_among_many_zeros_shows() {
        let series = Series {
            name: String::from("failed"),
            unit: String::from("requests"),
            values: (0..200).map(|step| Some(if step == 77 { 1.0 } else { 0.0 })).collect(),
            limit: Some(1000.0),
            severity: crate::report::Severity::Critical,
        };
        let drawn = lines(&chart(Drawing::Series(vec![series])), 80);
        assert_eq!(drawn[1].matches('▂').count(), 1, "{drawn:#?}");
        assert!(
            drawn[1].ends_with("0-1 of 1,000 requ…") || drawn[1].contains("0-1 of 1,000"),
            "{drawn:#?}"
        );
    }
}
