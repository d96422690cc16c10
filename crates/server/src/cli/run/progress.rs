//! What a run is doing, live on the terminal.

use engine::{Event, Timestamp};
use indicatif::ProgressBar;

use super::driver::Watcher;
use crate::api::states::show_event;
use crate::cli::show::doing::Doing;
use crate::cli::show::history::Reader;
use crate::cli::show::screen::{Screen, shorten};

/// A spinner, where somebody watches.
pub struct Progress {
    live: Option<Live>,
}

struct Live {
    screen: Screen,
    spinner: ProgressBar,
    reader: Reader,
    doing: Doing,
    started: Timestamp,
}

impl Progress {
    /// On standard error, if that is a terminal and `wanted`.
    pub fn new(wanted: bool, started: Timestamp) -> Progress {
        let screen = Screen::stderr();
        let live = (wanted && screen.is_live()).then(|| Live {
            spinner: screen.spinner(),
            screen,
            reader: Reader::default(),
            doing: Doing::default(),
            started,
        });
        Progress { live }
    }

    /// Takes it away.
    pub fn finish(self) {
        if let Some(live) = self.live {
            live.spinner.finish_and_clear();
        }
    }
}

impl Watcher for Progress {
    fn events(&mut self, events: &[Event]) {
        let Some(live) = &mut self.live else {
            return;
        };
        for event in events {
            let event = live.reader.read(&show_event(event, true));
            live.doing.follow(&event);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        if let Some(live) = &self.live {
            let room = live.screen.width().saturating_sub(16);
            let doing = shorten(&live.doing.line(), room);
            live.spinner
                .set_message(format!("{:>10}  {doing}", span(live.started, now)));
        }
    }

    fn wants_ticks(&self) -> bool {
        self.live.is_some()
    }
}

/// `4.02 s`, `1 h 02 min`, `364 d 3 h`
pub fn span(from: Timestamp, to: Timestamp) -> String {
    let millis = to.0.saturating_sub(from.0).max(0);
    let (seconds, minutes, hours, days) = (
        millis / 1_000,
        millis / 60_000,
        millis / 3_600_000,
        millis / 86_400_000,
    );
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{:.2} s", millis as f64 / 1_000.0),
        (0, 0, _) => format!("{minutes} min {:02} s", seconds % 60),
        (0, _, _) => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}
