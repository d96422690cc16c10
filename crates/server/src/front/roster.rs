//! Who is connected, what that costs, and who has to leave when it is too much.
//!
//! A connection is in its client's hands (it waits for a request, or for an answer to be read) or in ours (a request is
//! performed). In its client's hands it costs a place and the bytes that were sent so far. When places or bytes run out,
//! the connection that has been in its client's hands for longest is closed for the sake of the others: one that sends
//! and reads as clients do is never it. Must never know HTTP.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// What all connections together may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Connections.
    pub(super) connections: usize,
    /// Bytes of requests and answers, beyond what every connection is given.
    pub(super) bytes: usize,
    /// Requests that are performed at a time, whether or not their clients still wait.
    pub(super) requests: usize,
    /// Of these: requests that wait for something outside. The rest is kept for those that are soon over.
    pub(super) waiting: usize,
    /// Bytes of requests that wait, at most.
    pub(super) waiting_bytes: usize,
    /// How long a connection may hold bytes before it is closed for others that need them.
    pub(super) patience: Duration,
}

/// Connections that may be on their way out while others take their places.
const LEAVING: usize = 128;

/// See the module's documentation.
pub(super) struct Roster {
    room: Room,
    state: Mutex<State>,
    /// A connection or a request has ended, or came into its client's hands.
    changed: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    members: HashMap<u64, Arc<Member>>,
    /// Those in their clients' hands, the longest first.
    theirs: BTreeMap<u64, (u64, Instant)>,
    /// Of these: those that hold bytes, by the same keys.
    holding: BTreeMap<u64, (u64, Instant)>,
    bytes: usize,
    /// Of these: of connections that were told to leave.
    leaving: usize,
    performing: usize,
    /// Of these: requests that wait.
    waiting: usize,
    waiting_bytes: usize,
}

struct Member {
    id: u64,
    /// Its key in `theirs`; 0 when it is in our hands.
    since: AtomicUsize,
    bytes: AtomicUsize,
    told_to_leave: AtomicBool,
    leave: Notify,
}

/// There is no room for more bytes.
#[derive(Debug)]
pub(super) struct Full;

impl Roster {
    pub(super) fn new(room: Room) -> Arc<Roster> {
        Arc::new(Roster {
            room,
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// A place for a new connection, in its client's hands; waits while all others are in ours.
    pub(super) async fn enter(self: &Arc<Roster>) -> Place {
        loop {
            let changed = self.changed.notified();
            if let Some(place) = self.try_enter() {
                return place;
            }
            changed.await;
        }
    }

    fn try_enter(self: &Arc<Roster>) -> Option<Place> {
        let mut state = self.lock();
        let (present, most) = (state.members.len(), self.room.connections);
        if present >= most && (present >= most + LEAVING || !state.close_oldest(Duration::ZERO)) {
            return None;
        }
        state.next += 1;
        let member = Arc::new(Member {
            id: state.next,
            since: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            told_to_leave: AtomicBool::new(false),
            leave: Notify::new(),
        });
        state.members.insert(member.id, member.clone());
        state.put_in_their_hands(&member);
        drop(state);
        Some(Place {
            roster: self.clone(),
            member,
        })
    }

    /// Leave to perform a request; none when too many are.
    pub(super) fn perform(self: &Arc<Roster>) -> Option<Turn> {
        let mut state = self.lock();
        if state.performing >= self.room.requests {
            return None;
        }
        state.performing += 1;
        Some(Turn {
            roster: self.clone(),
            waits: false,
        })
    }

    /// Leave to perform a request that waits for something outside and holds these bytes.
    pub(super) fn perform_waiting(self: &Arc<Roster>, held: &mut Held) -> Option<Turn> {
        let mut turn = self.perform()?;
        let mut state = self.lock();
        let bytes = state.waiting_bytes + held.bytes;
        if state.waiting >= self.room.waiting || bytes > self.room.waiting_bytes {
            drop(state);
            return None;
        }
        state.waiting += 1;
        state.waiting_bytes = bytes;
        (turn.waits, held.waits) = (true, true);
        Some(turn)
    }

    /// Closes all connections that have been in their clients' hands for so long.
    pub(super) fn close_idle(&self, longer_than: Duration) {
        let mut state = self.lock();
        while state.close_oldest(longer_than) {}
    }

    /// Waits until every connection is gone and every request has been performed.
    pub(super) async fn empty(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().is_empty() {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.performing == 0
    }

    fn put_in_their_hands(&mut self, member: &Member) {
        self.put_in_our_hands(member);
        self.next += 1;
        member.since.store(self.next as usize, Ordering::Relaxed);
        self.theirs.insert(self.next, (member.id, Instant::now()));
        self.note_bytes(member);
    }

    /// What the member holds has changed, or where it is.
    fn note_bytes(&mut self, member: &Member) {
        let since = member.since.load(Ordering::Relaxed) as u64;
        let holds = member.bytes.load(Ordering::Relaxed) > 0;
        match self.theirs.get(&since) {
            Some(place) if holds => drop(self.holding.insert(since, *place)),
            _ => drop(self.holding.remove(&since)),
        }
    }

    fn put_in_our_hands(&mut self, member: &Member) {
        let since = member.since.swap(0, Ordering::Relaxed);
        self.theirs.remove(&(since as u64));
        self.holding.remove(&(since as u64));
    }

    /// Tells the connection to leave that has been in its client's hands for longest, if that is so long; false if not.
    fn close_oldest(&mut self, longer_than: Duration) -> bool {
        let oldest = self.theirs.values().next().copied();
        oldest.is_some_and(|(id, since)| since.elapsed() >= longer_than && self.close(id))
    }

    /// The same of those that hold bytes, but for one.
    fn close_holder(&mut self, longer_than: Duration, but: u64) -> bool {
        let oldest = self.holding.values().find(|(id, _)| *id != but).copied();
        oldest.is_some_and(|(id, since)| since.elapsed() >= longer_than && self.close(id))
    }

    fn close(&mut self, id: u64) -> bool {
        let Some(member) = self.members.get(&id).cloned() else {
            return false;
        };
        self.put_in_our_hands(&member);
        self.leaving += member.bytes.load(Ordering::Relaxed);
        member.told_to_leave.store(true, Ordering::Relaxed);
        member.leave.notify_one();
        true
    }
}

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    roster: Arc<Roster>,
    member: Arc<Member>,
}

impl Place {
    /// The connection is in its client's hands, from now on.
    pub(super) fn theirs(&self) {
        let mut state = self.roster.lock();
        if !self.member.told_to_leave.load(Ordering::Relaxed) {
            state.put_in_their_hands(&self.member);
        }
        drop(state);
        self.roster.changed.notify_waiters();
    }

    /// The connection is in our hands: it will not be told to leave.
    pub(super) fn ours(&self) {
        self.roster.lock().put_in_our_hands(&self.member);
    }

    /// Waits until the connection has to leave.
    pub(super) async fn told_to_leave(&self) {
        self.member.leave.notified().await;
    }

    /// Nothing yet, to grow.
    pub(super) fn hold(&self) -> Held {
        Held {
            roster: self.roster.clone(),
            member: self.member.clone(),
            bytes: 0,
            waits: false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.roster.lock();
        state.put_in_our_hands(&self.member);
        state.members.remove(&self.member.id);
        drop(state);
        self.roster.changed.notify_waiters();
    }
}

/// Bytes that a connection holds; given back when they are dropped.
pub(super) struct Held {
    roster: Arc<Roster>,
    member: Arc<Member>,
    bytes: usize,
    /// Whether it is held by a request that waits.
    waits: bool,
}

impl Held {
    /// Holds so many more, closing others that have held theirs for too long; refused when there is no room.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let roster = self.roster.clone();
        let mut state = roster.lock();
        if self.make_room(&mut state, bytes) {
            self.add(&mut state, bytes);
            return Ok(());
        }
        Err(Full)
    }

    /// The same for what exists already: there may be too much of it until those leave that were told to.
    pub(super) fn grow_anyway(&mut self, bytes: usize) {
        let roster = self.roster.clone();
        let mut state = roster.lock();
        self.make_room(&mut state, bytes);
        self.add(&mut state, bytes);
    }

    /// The client has sent or read much: its connection is in its hands anew.
    pub(super) fn progress(&self) {
        let mut state = self.roster.lock();
        if self.member.since.load(Ordering::Relaxed) != 0 {
            state.put_in_their_hands(&self.member);
        }
    }

    /// Holds so many from now on.
    pub(super) fn set(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.grow_anyway(more),
            None => {
                let roster = self.roster.clone();
                let fewer = self.bytes - bytes;
                self.give_back(&mut roster.lock(), fewer);
            }
        }
    }

    fn make_room(&self, state: &mut State, bytes: usize) -> bool {
        let (own, room) = (self.member.id, self.roster.room);
        while state.bytes - state.leaving + bytes > room.bytes {
            if !state.close_holder(room.patience, own) {
                return false;
            }
        }
        true
    }

    fn add(&mut self, state: &mut State, bytes: usize) {
        self.bytes += bytes;
        state.bytes += bytes;
        if self.waits {
            state.waiting_bytes += bytes;
        }
        self.member.bytes.fetch_add(bytes, Ordering::Relaxed);
        state.note_bytes(&self.member);
        if self.member.told_to_leave.load(Ordering::Relaxed) {
            state.leaving += bytes;
        }
    }

    fn give_back(&mut self, state: &mut State, bytes: usize) {
        self.bytes -= bytes;
        state.bytes -= bytes;
        if self.waits {
            state.waiting_bytes -= bytes;
        }
        self.member.bytes.fetch_sub(bytes, Ordering::Relaxed);
        state.note_bytes(&self.member);
        if self.member.told_to_leave.load(Ordering::Relaxed) {
            state.leaving -= bytes;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let roster = self.roster.clone();
            self.give_back(&mut roster.lock(), self.bytes);
        }
    }
}

/// A request that is performed; over when it is dropped.
pub(super) struct Turn {
    roster: Arc<Roster>,
    waits: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.roster.lock();
        state.performing -= 1;
        state.waiting -= usize::from(self.waits);
        drop(state);
        self.roster.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Arc<Roster> {
        Roster::new(Room {
            connections: 3,
            bytes: 100,
            requests: 3,
            waiting: 1,
            waiting_bytes: 50,
            patience: Duration::ZERO,
        })
    }

    fn left(place: &Place) -> bool {
        place.member.told_to_leave.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn whoever_makes_progress_is_not_the_oldest() {
        let roster = roster();
        let places = [
            roster.enter().await,
            roster.enter().await,
            roster.enter().await,
        ];
        places[0].hold().progress();
        let _more = roster.enter().await;
        assert_eq!(places.each_ref().map(left), [false, true, false]);
    }

    #[tokio::test]
    async fn bytes_are_taken_from_the_oldest_that_holds_some() {
        let roster = roster();
        let places = [
            roster.enter().await,
            roster.enter().await,
            roster.enter().await,
        ];
        let mut held: Vec<Held> = places.iter().map(Place::hold).collect();
        held[0].grow(40).expect("room");
        held[1].grow(40).expect("room");
        held[0].set(0);
        held[2].grow(90).expect("the room of the second");
        assert_eq!(places.each_ref().map(left), [false, true, false]);
        assert!(held[2].grow(20).is_err(), "nobody else holds any");
        places[2].ours();
        assert!(held[0].grow(20).is_err(), "its bytes are in our hands");
    }

    #[tokio::test]
    async fn requests_that_wait_have_a_share_of_turns_and_bytes() {
        let roster = roster();
        let place = roster.enter().await;
        let (mut large, mut small) = (place.hold(), place.hold());
        large.grow(60).expect("room");
        assert!(roster.perform_waiting(&mut large).is_none());
        let turn = roster.perform_waiting(&mut small).expect("a turn");
        assert!(roster.perform_waiting(&mut place.hold()).is_none());
        assert!(
            roster.perform().is_some(),
            "those that do not wait have theirs"
        );
        drop((turn, small, large));
        assert!(roster.perform_waiting(&mut place.hold()).is_some());
    }
}
