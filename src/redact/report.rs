//! A report, text by text, in the order in which a reader meets them.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::Redactor;
use super::fields::Field;
use crate::report::{Block, Chart, Data, Drawing, Note, Report, Table};

/// The report without people's data and secrets, in what people read and in what scripts get.
pub fn report(report: Report) -> Report {
    let mut redactor = Redactor::new();
    redactor.learn_from(&report);
    let Report {
        headline,
        severity,
        outcome,
        blocks,
        screen,
        document,
        data,
    } = report;
    Report {
        headline: redactor.text(&headline),
        severity,
        outcome,
        blocks: blocks.into_iter().map(|block| redactor.block(block)).collect(),
        screen: screen.map(|blocks| blocks.into_iter().map(|block| redactor.block(block)).collect()),
        document: redactor.value_of(&Field::default(), document),
        data: redactor.data(data),
    }
}

impl Redactor {
    fn block(&mut self, block: Block) -> Block {
        match block {
            Block::Heading(text) => Block::Heading(self.text(&text)),
            Block::Subheading(text) => Block::Subheading(self.text(&text)),
            Block::Table(table) => Block::Table(self.table(table)),
            Block::Notes(notes) => Block::Notes(notes.into_iter().map(|note| self.note(note)).collect()),
            Block::Preformatted(text) => Block::Preformatted(self.text(&text)),
            Block::Chart(chart) => Block::Chart(self.chart(chart)),
        }
    }

    fn chart(&mut self, mut chart: Chart) -> Chart {
        for text in chart_texts(&mut chart) {
            *text = self.text(text);
        }
        chart
    }

    fn note(&mut self, note: Note) -> Note {
        Note {
            text: self.text(&note.text),
            link: note.link.map(|link| self.text(&link)),
        }
    }

    fn table(&mut self, mut table: Table) -> Table {
        let fields: Vec<Field> = table.columns.iter().map(|column| Field::named(&column.title)).collect();
        for column in &mut table.columns {
            column.title = self.text(&column.title);
        }
        for row in &mut table.rows {
            for (cell, field) in row.iter_mut().zip(&fields) {
                cell.text = self.text_of(field, &cell.text);
            }
        }
        table
    }

    fn data(&mut self, data: Data) -> Data {
        let fields: Vec<Field> = data.columns.iter().map(|column| Field::named(column)).collect();
        let values = |row: Vec<Value>, redactor: &mut Self| {
            let values = row.into_iter().zip(&fields);
            values.map(|(value, field)| redactor.value_of(field, value)).collect()
        };
        Data {
            columns: data.columns.iter().map(|column| self.text(column)).collect(),
            rows: data.rows.into_iter().map(|row| values(row, self)).collect(),
        }
    }

    /// Which addresses are databases' and instances'.
    fn learn_from(&mut self, report: &Report) {
        self.learn(&report.headline);
        for block in report.blocks.iter().chain(report.screen.iter().flatten()) {
            match block {
                Block::Heading(text) | Block::Subheading(text) | Block::Preformatted(text) => self.learn(text),
                Block::Chart(chart) => chart_texts(&mut chart.clone())
                    .into_iter()
                    .for_each(|text| self.learn(text)),
                Block::Notes(notes) => notes.iter().for_each(|note| self.learn(&note.text)),
                Block::Table(table) => {
                    let fields: Vec<Field> = table.columns.iter().map(|column| Field::named(&column.title)).collect();
                    for (cell, field) in table.rows.iter().flat_map(|row| row.iter().zip(&fields)) {
                        self.learn_field_text(field, &cell.text);
                    }
                }
            }
        }
        self.learn_document(&Field::default(), &report.document);
        let fields: Vec<Field> = report.data.columns.iter().map(|column| Field::named(column)).collect();
        for (value, field) in report.data.rows.iter().flat_map(|row| row.iter().zip(&fields)) {
            self.learn_document(field, value);
        }
    }

    pub(super) fn learn_document(&mut self, field: &Field, value: &Value) {
        match value {
            Value::String(text) => self.learn_field_text(field, text),
            Value::Array(items) => items.iter().for_each(|item| self.learn_document(field, item)),
            Value::Object(entries) => {
                let of_database = field.is_of_database(entries);
                for (key, value) in entries {
                    self.learn_document(&Field::within(field, key, of_database), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn learn_field_text(&mut self, field: &Field, text: &str) {
        if field.names_address() {
            let with_port = text.parse().map(|address: SocketAddr| address.ip());
            self.kept.extend(text.parse::<IpAddr>().or(with_port));
        }
        self.learn(text);
    }
}

/// Every text of a picture.
fn chart_texts(chart: &mut Chart) -> Vec<&mut String> {
    let mut texts = vec![&mut chart.title];
    match &mut chart.drawing {
        Drawing::Lanes(lanes) => {
            for lane in lanes {
                texts.extend([&mut lane.name, &mut lane.note]);
                texts.extend(lane.marks.iter_mut().map(|mark| &mut mark.label));
            }
        }
        Drawing::Series(series) => texts.extend(series.iter_mut().flat_map(|one| [&mut one.name, &mut one.unit])),
        Drawing::Durations(operations) => texts.extend(operations.iter_mut().map(|one| &mut one.label)),
        Drawing::Rates(rates) => texts.extend(rates.iter_mut().map(|rate| &mut rate.name)),
    }
    texts
}
