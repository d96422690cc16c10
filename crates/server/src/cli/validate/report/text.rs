//! The report for people: every finding with the line that it is about, and a summary.

use asl::Severity;
use console::{Style, StyledObject};

use super::snippet::{Snippet, visible};
use super::{Checked, count, untold};
use crate::cli::validate::finding::Finding;

/// The longest message that is shown whole, in characters.
const LONGEST_MESSAGE: usize = 2_000;

/// The longest list of names that is shown whole, and what is shown of a longer one.
const MOST_NAMES: usize = 12;
const SHOWN_NAMES: usize = 6;

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    coloured: bool,
}

impl Paint {
    /// In colours, if the reader sees them.
    pub fn new(coloured: bool) -> Paint {
        Paint { coloured }
    }

    fn style(self, style: Style, text: &str) -> StyledObject<&str> {
        style.force_styling(self.coloured).apply_to(text)
    }

    fn severity(self, severity: Severity) -> Style {
        let style = Style::new().bold().force_styling(self.coloured);
        match severity {
            Severity::Error => style.red(),
            Severity::Warning => style.yellow(),
        }
    }
}

/// All of a file's findings, each followed by an empty line.
pub fn findings(checked: &Checked, paint: Paint) -> String {
    let mut text = String::new();
    for found in &checked.verdict.findings {
        text.push_str(&finding(checked, found, paint));
        text.push('\n');
    }
    if let Some(line) = untold(checked) {
        text.push_str(&format!("{line}\n\n"));
    }
    text
}

fn finding(checked: &Checked, found: &Finding, paint: Paint) -> String {
    let head = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let head = paint
        .severity(found.severity)
        .apply_to(format!("{head}[{}]", found.code));
    let message = shortened(&abridged(&found.message));
    let mut text = format!("{head}{} {}\n", bold(paint, ":"), bold(paint, &message));
    let frame = |line: &str| paint.style(Style::new().blue().bold(), line).to_string();
    let name = visible(&checked.name);
    let gutter = match found.region {
        Some(region) => region.start.line.to_string().len(),
        None => 0,
    };
    let margin = " ".repeat(gutter);
    match found.region {
        Some(region) => {
            let place = region.start;
            text.push_str(&format!(
                "{margin}{} {name}:{}:{}\n",
                frame("-->"),
                place.line,
                place.column
            ));
        }
        None => text.push_str(&format!("{margin}{} {name}\n", frame(" -->"))),
    }
    let snippet = found
        .region
        .and_then(|region| Snippet::of(&checked.source, region));
    if let (Some(region), Some(snippet)) = (found.region, snippet) {
        let bar = frame("|");
        let mark = format!(
            "{}{}",
            " ".repeat(snippet.indent),
            "^".repeat(snippet.length)
        );
        let mark = paint.severity(found.severity).apply_to(mark);
        let line = frame(&region.start.line.to_string());
        text.push_str(&format!(
            "{margin} {bar}\n{line} {bar} {}\n{margin} {bar} {mark}\n",
            snippet.line
        ));
    }
    for (label, note) in notes(found) {
        let label = bold(paint, &label).to_string();
        text.push_str(&format!("{margin} {} {label}: {note}\n", frame("=")));
    }
    text
}

fn notes(found: &Finding) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    if let Some(location) = &found.location {
        notes.push(("at".to_owned(), shortened(location)));
    }
    let advice = found.advice().into_iter();
    notes.extend(advice.map(|advice| ("help".to_owned(), shortened(&advice))));
    notes
}

fn bold(paint: Paint, text: &str) -> StyledObject<&str> {
    paint.style(Style::new().bold(), text)
}

/// A message whose list of names at the end is cut: AWS names all forty operators.
fn abridged(message: &str) -> String {
    let list = message
        .strip_suffix(']')
        .and_then(|message| message.rsplit_once('['));
    let Some((before, list)) = list else {
        return message.to_owned();
    };
    let names: Vec<&str> = list.split(", ").collect();
    match names.len() {
        0..=MOST_NAMES => message.to_owned(),
        length => {
            let (shown, hidden) = (&names[..SHOWN_NAMES], length - SHOWN_NAMES);
            format!("{before}[{}, and {hidden} more]", shown.join(", "))
        }
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_MESSAGE).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    visible(&shown.replace('\n', " "))
}

/// `3 files: 2 valid, 1 not; 4 errors, 1 warning`
pub fn summary(all: &[Checked], paint: Paint) -> String {
    let valid = all
        .iter()
        .filter(|checked| checked.readable && checked.verdict.is_ok())
        .count();
    let errors: usize = all.iter().map(|checked| checked.verdict.errors).sum();
    let warnings: usize = all.iter().map(|checked| checked.verdict.warnings).sum();
    let result = match (all.len(), valid) {
        (1, 1) => "valid".to_owned(),
        (1, _) => "not valid".to_owned(),
        (all, valid) if all == valid => "all valid".to_owned(),
        (all, valid) => format!("{valid} valid, {} not", all - valid),
    };
    let style = match valid == all.len() {
        true => Style::new().green().bold(),
        false => Style::new().red().bold(),
    };
    let subject = match all {
        [checked] => visible(&checked.name),
        _ => count(all.len(), "file"),
    };
    format!(
        "{subject}: {}; {}, {}\n",
        paint.style(style, &result),
        count(errors, "error"),
        count(warnings, "warning"),
    )
}
