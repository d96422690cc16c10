//! The terminal: headings, aligned lines with a mark in front, spinners; plain lines where nobody watches.
//!
//! Owns colour and width. Knows nothing of what it shows.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use console::{Term, measure_text_width, style, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Columns of a line where the output is not a terminal.
const PLAIN_WIDTH: usize = 140;
/// Columns of the labels in front of details.
const LABEL_WIDTH: usize = 12;
const TICK: Duration = Duration::from_millis(90);

/// What a line says about its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// Neither; worth knowing.
    Note,
}

/// Where everything is written. Clones write to the same place.
#[derive(Clone, Debug)]
pub struct Screen {
    stream: Stream,
    live: bool,
    bars: MultiProgress,
}

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Output,
    Error,
}

impl Screen {
    /// Standard output.
    pub fn stdout() -> Screen {
        Screen::on(Stream::Output, std::io::stdout().is_terminal())
    }

    /// Standard error.
    pub fn stderr() -> Screen {
        Screen::on(Stream::Error, std::io::stderr().is_terminal())
    }

    /// Colours are those of the screen made last: one is written to at a time.
    fn on(stream: Stream, terminal: bool) -> Screen {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let live = terminal && !console::is_dumb();
        console::set_colors_enabled(live && !no_color);
        let target = match stream {
            Stream::Output => ProgressDrawTarget::stdout(),
            Stream::Error => ProgressDrawTarget::stderr(),
        };
        Screen {
            stream,
            live,
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// Whether lines can be drawn over.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Columns of a line.
    pub fn width(&self) -> usize {
        let term = match self.stream {
            Stream::Output => Term::stdout(),
            Stream::Error => Term::stderr(),
        };
        match self.live {
            true => usize::from(term.size().1).max(60),
            false => PLAIN_WIDTH,
        }
    }

    /// A line as it is. A reader who went away is no reason to stop.
    pub fn line(&self, text: impl Display) {
        let write = || match self.stream {
            Stream::Output => writeln!(std::io::stdout(), "{text}"),
            Stream::Error => writeln!(std::io::stderr(), "{text}"),
        };
        let _ = match self.live {
            true => self.bars.suspend(write),
            false => write(),
        };
    }

    /// An empty line and a heading.
    pub fn heading(&self, text: &str) {
        self.line(format_args!("\n{}", style(text).bold()));
    }

    /// `  ✓ label       detail`
    pub fn item(&self, mark: Mark, label: &str, detail: impl Display) {
        self.line(format_args!(
            "  {} {} {detail}",
            sign(mark),
            pad(label, LABEL_WIDTH)
        ));
    }

    /// Shows that something is under way. Drop it when it is done.
    pub fn busy(&self, label: &str, detail: &str) -> Busy {
        let bar = match self.live {
            true => self.spinner(),
            false => ProgressBar::hidden(),
        };
        let label = pad(label, LABEL_WIDTH);
        bar.set_message(format!("{label} {}", style(detail).dim()));
        Busy(bar)
    }

    /// A spinner whose message the caller keeps true.
    pub fn spinner(&self) -> ProgressBar {
        let template = ProgressStyle::with_template("  {spinner:.cyan} {msg}");
        let style = template
            .expect("the template is right")
            .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
        // Drawn only from here on: before, it would draw itself to another place.
        let bar = self.bars.add(ProgressBar::no_length().with_style(style));
        bar.enable_steady_tick(TICK);
        bar
    }
}

/// Something under way; its spinner goes with it.
#[derive(Debug)]
pub struct Busy(ProgressBar);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// One coloured character.
pub fn sign(mark: Mark) -> impl Display {
    match mark {
        Mark::Good => style("✓").green(),
        Mark::Bad => style("✗").red(),
        Mark::Note => style("·").yellow(),
    }
}

/// Fills up with spaces to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(measure_text_width(text));
    format!("{text}{:missing$}", "")
}

/// The beginning of a text, at most `width` columns; line ends become spaces.
pub fn shorten(text: &str, width: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    truncate_str(&line, width, "…").into_owned()
}

/// A text in lines of at most `width` columns, broken between words; a longer word has a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if measure_text_width(line) + 1 + measure_text_width(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `0.43 s`
pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
