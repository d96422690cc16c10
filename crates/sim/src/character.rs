//! What kind of world a seed gives, drawn once, and how much came to happen in it.

use crate::random::Random;

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) executions: u64,
    pub(crate) succeeded: u64,
    pub(crate) events: u64,
    pub(crate) calls: u64,
    /// Tasks that workers were given.
    pub(crate) taken: u64,
    /// Answers that were accepted of whoever had a token.
    pub(crate) accepted: u64,
    pub(crate) processes: u64,
    pub(crate) virtual_seconds: u64,
    pub(crate) redrives: u64,
}

/// How much trouble there is; drawn once.
pub(crate) struct Character {
    pub(crate) room: usize,
    pub(crate) step_events: usize,
    pub(crate) waiting_calls: usize,
    /// Things that happen before everything is left alone.
    pub(crate) actions: u64,
    /// In a thousand actions.
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    pub(crate) jumps: u64,
    pub(crate) redrives: u64,
    pub(crate) sets_back: bool,
}

impl Character {
    pub(crate) fn draw(random: &mut Random) -> Character {
        Character {
            room: random.below(4) as usize,
            step_events: *random.pick(&[1, 2, 3, 7, 2_000]),
            waiting_calls: *random.pick(&[1, 4_096]),
            actions: random.between(20, 400),
            kills: *random.pick(&[0, 10, 40, 120]),
            stops: *random.pick(&[0, 0, 5, 20]),
            jumps: *random.pick(&[0, 0, 10, 40]),
            redrives: 0,
            sets_back: random.percent(50),
        }
    }
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        self.executions += other.executions;
        self.succeeded += other.succeeded;
        self.events += other.events;
        self.calls += other.calls;
        self.taken += other.taken;
        self.accepted += other.accepted;
        self.processes += other.processes;
        self.virtual_seconds += other.virtual_seconds;
        self.redrives += other.redrives;
    }
}
