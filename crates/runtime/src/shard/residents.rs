//! Which open executions are in memory. The rest are rows: of them only the timers and where their rows are is kept.
//! Express executions have no rows to come back from: they stay, and are counted apart, so that there are not too many.
//!
//! An execution leaves memory when others were touched later and there is no room, never while something of it is on
//! its way to the disk. It comes back when a timer, an answer or a call names it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::live::Live;
use crate::id::ExecutionId;
use crate::keys::Namespace;

/// How much may be in memory.
#[derive(Clone, Debug)]
pub struct Room {
    /// Executions.
    pub executions: usize,
    /// What they keep, roughly, in bytes.
    pub bytes: usize,
    /// Open Express executions: beyond it no more are started.
    pub express_executions: usize,
    /// The same by what they keep.
    pub express_bytes: usize,
}

impl Default for Room {
    /// A thousand executions, 32 MiB; ten thousand Express executions, 64 MiB.
    fn default() -> Room {
        Room {
            executions: 1_000,
            bytes: 32 * 1024 * 1024,
            express_executions: 10_000,
            express_bytes: 64 * 1024 * 1024,
        }
    }
}

/// How many are looked at for one that can leave.
const TRIES: usize = 8;

/// How many, and what they keep.
#[derive(Default)]
struct Load {
    executions: usize,
    bytes: usize,
}

struct Resident {
    live: Live,
    /// When it was touched last.
    stamp: u64,
    weight: usize,
}

/// Position in the list of namespaces.
type NamespaceId = u32;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Residents {
    room: Room,
    here: HashMap<ExecutionId, Resident>,
    /// Of those that may leave.
    standard: Load,
    /// Of those that may not.
    express: Load,
    /// Express executions that were taken over and have not begun again.
    asleep: HashSet<ExecutionId>,
    away: HashMap<ExecutionId, NamespaceId>,
    namespaces: Vec<Namespace>,
    /// In the order in which they were touched; an entry whose stamp is old stands for nothing.
    touched: VecDeque<(ExecutionId, u64)>,
    stamp: u64,
}

impl Residents {
    pub(super) fn new(room: Room) -> Residents {
        Residents {
            room,
            ..Residents::default()
        }
    }

    /// All open executions.
    pub(super) fn open(&self) -> usize {
        self.here.len() + self.away.len()
    }

    /// Those of them that are Standard.
    pub(super) fn open_standard(&self) -> usize {
        self.standard.executions + self.away.len()
    }

    /// Those in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.here.len()
    }

    pub(super) fn get(&self, id: ExecutionId) -> Option<&Live> {
        self.here.get(&id).map(|resident| &resident.live)
    }

    pub(super) fn get_mut(&mut self, id: ExecutionId) -> Option<&mut Live> {
        self.here.get_mut(&id).map(|resident| &mut resident.live)
    }

    /// Where the rows of one that is not in memory are.
    pub(super) fn rows_of(&self, id: ExecutionId) -> Option<&Namespace> {
        let namespace = self.away.get(&id)?;
        self.namespaces.get(*namespace as usize)
    }

    /// One that is not in memory.
    pub(super) fn adopt(&mut self, id: ExecutionId, namespace: &Namespace) {
        let known = self.namespaces.iter().position(|known| known == namespace);
        let position = known.unwrap_or_else(|| {
            self.namespaces.push(namespace.clone());
            self.namespaces.len() - 1
        });
        self.away.insert(id, position as NamespaceId);
    }

    /// Whether no more Express executions may begin.
    pub(super) fn is_full_of_express(&self) -> bool {
        self.express.executions >= self.room.express_executions
            || self.express.bytes >= self.room.express_bytes
    }

    /// An Express execution that was taken over begins again when it is woken.
    pub(super) fn sleep(&mut self, id: ExecutionId) {
        self.asleep.insert(id);
    }

    pub(super) fn woken(&mut self, id: ExecutionId) {
        self.asleep.remove(&id);
    }

    /// Whether it may be woken: Express executions while there is room for what they will hold, and one in any case.
    pub(super) fn may_wake(&self, id: ExecutionId) -> bool {
        !self.asleep.contains(&id)
            || self.express.bytes < self.room.express_bytes
            || self.express.executions == self.asleep.len()
    }

    /// The bytes that an Express execution may hold, so that all of them together stay within twice their room.
    pub(super) fn express_may_hold(&self, id: ExecutionId) -> usize {
        let own = self.here.get(&id).map_or(0, |resident| resident.weight);
        let others = self.express.bytes.saturating_sub(own);
        // A document weighs twice its text.
        (2 * self.room.express_bytes).saturating_sub(others) / 2
    }

    fn load_of(&mut self, live: &Live) -> &mut Load {
        match live.is_express() {
            true => &mut self.express,
            false => &mut self.standard,
        }
    }

    /// One that is in memory from now on.
    pub(super) fn insert(&mut self, id: ExecutionId, live: Live) {
        self.away.remove(&id);
        let weight = live.weight();
        let load = self.load_of(&live);
        load.executions += 1;
        load.bytes += weight;
        self.here.insert(
            id,
            Resident {
                live,
                stamp: 0,
                weight,
            },
        );
        self.touch(id);
    }

    /// It has ended, or never was.
    pub(super) fn remove(&mut self, id: ExecutionId) -> Option<Live> {
        self.away.remove(&id);
        let resident = self.here.remove(&id)?;
        let load = self.load_of(&resident.live);
        load.executions -= 1;
        load.bytes -= resident.weight;
        Some(resident.live)
    }

    /// It has just done something.
    pub(super) fn touch(&mut self, id: ExecutionId) {
        self.stamp += 1;
        if let Some(resident) = self.here.get_mut(&id) {
            let weight = resident.live.weight();
            let (load, may_leave) = match resident.live.is_express() {
                true => (&mut self.express, false),
                false => (&mut self.standard, true),
            };
            load.bytes = load.bytes + weight - resident.weight;
            resident.weight = weight;
            if may_leave {
                resident.stamp = self.stamp;
                self.touched.push_back((id, self.stamp));
            }
        }
        if self.touched.len() > 2 * self.here.len() + 1_024 {
            let here = &self.here;
            let current = |(id, stamp): &(ExecutionId, u64)| {
                here.get(id)
                    .is_some_and(|resident| resident.stamp == *stamp)
            };
            self.touched.retain(current);
        }
    }

    /// Lets those go that were touched longest ago, while there are too many.
    pub(super) fn make_room(&mut self) {
        for _ in 0..TRIES {
            let load = &self.standard;
            if load.executions <= self.room.executions && load.bytes <= self.room.bytes {
                return;
            }
            let Some((id, stamp)) = self.touched.pop_front() else {
                return;
            };
            match self.here.get(&id) {
                Some(resident) if resident.stamp != stamp => {}
                Some(resident) if resident.live.can_leave() => self.let_go(id),
                Some(_) => self.touch(id),
                None => {}
            }
        }
    }

    fn let_go(&mut self, id: ExecutionId) {
        if let Some(live) = self.remove(id) {
            self.adopt(id, &live.namespace);
        }
    }
}
