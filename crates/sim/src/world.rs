//! One seed's world: draws what happens next until nothing more is wanted, then lets everything end.

use std::sync::Arc;
use std::time::Duration;

use engine::Limits;
use runtime::{Clock, Options, Ports, Room, Runtime, all_listed, definition_rows, keys::Table};
use store::{KeyRange, Order, Transaction};

use crate::character::{Character, Figures};
use crate::clients::{Clients, Wanted, machine, namespace, revision};
use crate::disk::Disk;
use crate::ends;
use crate::outside::{Outside, WallClock};
use crate::random::Random;
use crate::trace::{Trace, lock};
use crate::workflow::{self, Workflow};

/// Virtual time after which an execution that is left alone must have ended, in milliseconds.
const LONGEST: u64 = 200_000_000;

/// What became of a world.
pub(crate) struct Report {
    /// All that happened.
    pub(crate) trace: String,
    /// The first thing that must not have.
    pub(crate) violation: Option<String>,
    pub(crate) figures: Figures,
}

/// See the module's documentation.
pub(crate) struct World {
    random: Random,
    character: Character,
    workflows: Vec<Workflow>,
    wanted: Vec<Wanted>,
    trace: Arc<Trace>,
    disk: Arc<Disk>,
    clock: Arc<WallClock>,
    outside: Arc<Outside>,
    clients: Arc<Clients>,
    set_back: i64,
    actions: u64,
    stops: u64,
    /// Virtual time since everything is left alone.
    quiet: u64,
    /// Workers that ask.
    workers: Vec<tokio::task::JoinHandle<()>>,
    figures: Figures,
}

/// Runs one seed.
pub(crate) fn run(seed: u64) -> Report {
    let mut world = World::new(seed);
    world.live();
    let violation = world.trace.first_violation();
    if violation.is_none() {
        for wanted in &world.wanted {
            let workflow = &world.workflows[wanted.workflow];
            let ended = ends::check(&world.clients, wanted, workflow, world.set_back);
            world.figures += ended;
        }
    }
    world.figures.calls = world.outside.calls();
    world.figures.taken = world.outside.taken();
    world.figures.accepted = world.outside.accepted();
    Report {
        trace: world.trace.text(),
        violation: world.trace.first_violation(),
        figures: world.figures,
    }
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let mut character = Character::draw(&mut random);
        // Drawn apart, so that worlds without redrives are what they were.
        let mut apart = Random::new(seed ^ 0x7265_6472_6976_6573);
        character.redrives = *apart.pick(&[0, 10, 40, 120]);
        let workflows: Vec<_> = (0..random.between(1, 2))
            .map(|_| workflow::draw(&mut random.fork()))
            .collect();
        let wanted = (0..random.between(1, 4))
            .map(|number| Wanted {
                workflow: random.below(workflows.len() as u64) as usize,
                name: format!("e{number}"),
            })
            .collect();
        let trace = Arc::new(Trace::default());
        let disk = Arc::new(Disk::new(trace.clone()));
        let outside = Arc::new(Outside::new(seed, disk.clone(), trace.clone()));
        let clients = Arc::new(Clients::new(disk.clone(), outside.clone(), trace.clone()));
        let world = World {
            random,
            character,
            workflows,
            wanted,
            trace,
            disk,
            clock: Arc::new(WallClock::new()),
            outside,
            clients,
            set_back: 0,
            actions: 0,
            stops: 0,
            quiet: 0,
            workers: Vec::new(),
            figures: Figures::default(),
        };
        world.define();
        world
    }

    fn define(&self) {
        let mut new = Transaction::new();
        new.writes.push(all_listed());
        if let Err(error) = store::commit(self.disk.durable(), new) {
            self.trace.violation(format!("no store: {error}"));
        }
        for (number, workflow) in self.workflows.iter().enumerate() {
            self.trace.say(format_args!(
                "{} is {}",
                machine(number),
                workflow.definition
            ));
            let rows = definition_rows(&namespace(), &revision(number), &workflow.definition);
            let transaction = Transaction {
                preconditions: Vec::new(),
                writes: rows.into(),
            };
            if let Err(error) = store::commit(self.disk.durable(), transaction) {
                self.trace.violation(format!("no definition: {error}"));
            }
        }
    }

    /// One process after the other until all has ended.
    fn live(&mut self) {
        loop {
            self.figures.processes += 1;
            let tokio = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime without I/O");
            let done = tokio.block_on(self.process());
            drop(tokio);
            self.disk.crash(0);
            self.outside.process_ended(&mut self.random);
            if done || self.trace.first_violation().is_some() {
                return;
            }
        }
    }

    /// One process, from its start to its end; true when nothing is left to do.
    async fn process(&mut self) -> bool {
        *lock(&self.clients.disk_failed) = false;
        *lock(&self.clients.stops) = false;
        self.workers.clear();
        self.trace.say(format_args!("open"));
        self.clients.look(&self.wanted, true);
        let runtime = match self.open() {
            Ok(runtime) => Arc::new(runtime),
            Err(error) => {
                self.trace
                    .violation(format!("the runtime does not open: {error}"));
                return false;
            }
        };
        while self.trace.first_violation().is_none() {
            self.give_way().await;
            if self.has_failed(&runtime) {
                self.trace.violation("the runtime has failed".into());
            }
            let goes_on = match self.actions < self.character.actions {
                true => self.something(&runtime).await,
                false => self.quietly(&runtime).await,
            };
            if let Some(done) = goes_on {
                return done;
            }
        }
        false
    }

    fn open(&mut self) -> Result<Runtime, runtime::RuntimeError> {
        let seeds = std::sync::Mutex::new(self.random.fork());
        let ports = Ports {
            clock: self.clock.clone(),
            entropy: Arc::new(move || Box::new(lock(&seeds).fork())),
            runner: self.outside.clone(),
            objects: Arc::new(runtime::NoObjects),
            listener: None,
        };
        let options = Options {
            shards: self.random.between(1, 3) as u16,
            limits: Limits {
                step_events: self.character.step_events,
                ..Limits::default()
            },
            waiting_calls: self.character.waiting_calls,
            room: Room {
                executions: self.character.room,
                ..Room::default()
            },
            ..Options::default()
        };
        Runtime::open(self.disk.clone(), ports, options)
    }

    /// Lets the runtime work for a while; now and then only for a moment.
    async fn give_way(&mut self) {
        let times = if self.random.percent(20) { 1 } else { 6 };
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }

    fn has_failed(&self, runtime: &Runtime) -> bool {
        let mut failed = std::pin::pin!(runtime.failed());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        !*lock(&self.clients.disk_failed) && failed.as_mut().poll(&mut context).is_ready()
    }

    /// Draws what happens next. Some: the process is over.
    async fn something(&mut self, runtime: &Arc<Runtime>) -> Option<bool> {
        self.actions += 1;
        let (kills, stops, jumps) = (
            self.character.kills,
            self.character.stops,
            self.character.jumps,
        );
        let drawn = self.random.below(1_000);
        if drawn < kills {
            self.end_process(runtime).await;
            return Some(false);
        }
        if drawn < kills + stops {
            self.stop(runtime);
        } else if drawn < kills + stops + jumps {
            self.jump();
        } else if drawn < kills + stops + jumps + self.character.redrives {
            self.redrive(runtime);
        } else {
            match self.random.below(31) {
                25..=27 => self.poll(runtime),
                28 | 29 => self.beat(runtime),
                30 => self.hang_up(),
                24 => self.disk.refuse_next_start(),
                0..=3 => self.start(runtime),
                4..=11 => self.sync(),
                12..=17 => drop(self.deliver(runtime)),
                18 | 19 => self.pass(1).await,
                20 | 21 => {
                    let millis = self.random.between(1, 5_000);
                    self.pass(millis).await;
                }
                _ => {
                    let thoroughly = self.random.percent(10);
                    self.clients.look(&self.wanted, thoroughly);
                }
            }
        }
        None
    }

    /// No more trouble: everything is started, durable and answered as soon as it can be.
    async fn quietly(&mut self, runtime: &Arc<Runtime>) -> Option<bool> {
        let waits = self.disk.waiting();
        if waits > 0 {
            self.sync();
            return None;
        }
        if self.deliver(runtime) {
            return None;
        }
        let missing = self
            .wanted
            .iter()
            .find(|wanted| self.clients.find(wanted).is_none());
        if let Some(missing) = missing.cloned() {
            self.start_with(runtime, missing, 0);
            for _ in 0..6 {
                tokio::task::yield_now().await;
            }
            self.disk.sync(usize::MAX);
            return None;
        }
        self.workers.retain(|worker| !worker.is_finished());
        if self.workers.is_empty() && self.is_offered() {
            self.poll(runtime);
        }
        for _ in 0..6 {
            tokio::task::yield_now().await;
        }
        if self.disk.waiting() > 0 {
            return None;
        }
        if self.clients.look(&self.wanted, false) {
            return Some(self.is_empty(runtime));
        }
        if self.quiet > LONGEST {
            self.trace.violation("an execution never ends".into());
        }
        let millis = self.random.between(500, 4_000);
        self.quiet += millis;
        self.pass(millis).await;
        None
    }

    /// Nothing is left of executions that have ended but what is shown of them.
    fn is_empty(&self, runtime: &Runtime) -> bool {
        let open = runtime.open_executions();
        if open > 0 {
            self.trace
                .violation(format!("all have ended and {open} are open"));
        }
        let frames = KeyRange::prefix(namespace().table(Table::Frame).build());
        let rows = self.disk.durable().scan(frames, Order::Ascending, 10);
        if rows.map_or(true, |rows| !rows.is_empty()) {
            self.trace
                .violation("all have ended and checkpoints are left".into());
        }
        if self.is_offered() {
            self.trace
                .violation("all have ended and tasks are offered".into());
        }
        self.clients.check_remains(&self.wanted);
        self.clients.check_lists(&self.wanted);
        true
    }

    /// Whether there are tasks for workers.
    fn is_offered(&self) -> bool {
        let offers = KeyRange::prefix(namespace().table(Table::OfferedTask).build());
        let rows = self.disk.durable().scan(offers, Order::Ascending, 1);
        rows.map_or(true, |rows| !rows.is_empty())
    }

    /// A worker asks for a task.
    fn poll(&mut self, runtime: &Arc<Runtime>) {
        let seconds = self.random.between(1, 20);
        self.workers
            .push(self.clients.poll(runtime.clone(), seconds));
    }

    /// A worker goes away while it waits.
    fn hang_up(&mut self) {
        self.workers.retain(|worker| !worker.is_finished());
        if !self.workers.is_empty() {
            let position = self.random.below(self.workers.len() as u64);
            self.trace.say(format_args!("a worker goes away"));
            self.workers.remove(position as usize).abort();
        }
    }

    /// Somebody says that a task is worked on.
    fn beat(&mut self, runtime: &Arc<Runtime>) {
        if let Some((key, token)) = self.outside.a_token(&mut self.random) {
            let now = self.clock.now().0;
            self.clients.beat(runtime.clone(), key, token, now);
        }
    }

    /// The process is killed, is shut down, or loses its disk first.
    async fn end_process(&mut self, runtime: &Arc<Runtime>) {
        let survive = self.random.below(self.disk.waiting() as u64 + 1) as usize;
        match self.random.below(10) {
            0 | 1 => {
                self.trace.say(format_args!("shutdown"));
                *lock(&self.clients.stops) = true;
                runtime.shutdown().await;
                self.sync_all().await;
            }
            2 | 3 => {
                *lock(&self.clients.disk_failed) = true;
                self.disk.fail(survive);
                for _ in 0..self.random.below(8) {
                    tokio::task::yield_now().await;
                }
            }
            _ => self.disk.crash(survive),
        }
        self.trace.say(format_args!("the process is gone"));
    }

    async fn sync_all(&mut self) {
        while self.disk.waiting() > 0 {
            self.disk.sync(usize::MAX);
            self.give_way().await;
        }
    }

    fn start(&mut self, runtime: &Arc<Runtime>) {
        let wanted = self.random.pick(&self.wanted).clone();
        let variant = u64::from(self.random.percent(10));
        self.start_with(runtime, wanted, variant);
    }

    fn start_with(&mut self, runtime: &Arc<Runtime>, wanted: Wanted, variant: u64) {
        let input = format!(r#"{{"of": "{}", "variant": {variant}}}"#, wanted.name);
        self.clients.start(runtime.clone(), wanted, input);
    }

    fn stop(&mut self, runtime: &Arc<Runtime>) {
        self.stops += 1;
        let wanted = self.random.pick(&self.wanted).clone();
        self.clients.stop(runtime.clone(), wanted, self.stops);
    }

    fn redrive(&mut self, runtime: &Arc<Runtime>) {
        let wanted = self.random.pick(&self.wanted).clone();
        let token = match self.random.below(4) {
            0 => None,
            number => Some(format!("token {number}")),
        };
        self.clients.redrive(runtime.clone(), wanted, token);
    }

    fn sync(&mut self) {
        let waits = self.disk.waiting() as u64;
        if waits > 0 {
            let count = self.random.between(1, waits);
            self.disk.sync(count as usize);
            self.clients.look(&self.wanted, false);
        }
    }

    fn deliver(&mut self, runtime: &Arc<Runtime>) -> bool {
        let again = |key, outcome| runtime.answer(key, outcome);
        let answer = |key, token, outcome| {
            self.clients.answer(runtime.clone(), key, token, outcome);
        };
        self.outside.deliver(&mut self.random, again, answer)
    }

    async fn pass(&mut self, millis: u64) {
        self.trace.say(format_args!("{millis} ms pass"));
        self.figures.virtual_seconds += millis / 1_000;
        self.outside.pass(millis);
        self.clock.turn(millis as i64);
        tokio::time::advance(Duration::from_millis(millis)).await;
    }

    /// Somebody sets the clock.
    fn jump(&mut self) {
        let far = self.random.percent(20);
        let millis = match self.character.sets_back && self.random.percent(50) {
            true => -(self.random.between(1, 10_000) as i64),
            false => self
                .random
                .between(1, if far { 86_400_000 } else { 30_000 }) as i64,
        };
        self.set_back -= millis.min(0);
        self.trace
            .say(format_args!("the clock is set by {millis} ms"));
        self.clock.turn(millis);
    }
}
