//! From items to the inputs of children: the reader that runs ahead, the item selector, batches, and how many items
//! there may be. What is read ahead is bounded in items and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use engine::event::Failure;
use engine::map_run::{Batches, ItemMachinery, ItemScope, RunItems, item_input};
use engine::{Facts, Limits};
use expr::Entropy;
use expr::json::{Document, Value};
use tokio::sync::mpsc;

use super::plan::Plan;
use super::record::Cursor;
use super::source::{Item, ItemSource};
use crate::ports::Clock;

/// Items that are handed on in one go, at most.
const READ_AHEAD: usize = 64;
/// The same in bytes of JSON.
const READ_AHEAD_BYTES: usize = 256 * 1024;
/// Children that are made in one commit, at most.
const CHUNK: usize = 256;
/// The same in bytes of their inputs.
const CHUNK_BYTES: usize = 1024 * 1024;
/// The most items that a reader may give.
const MOST_ITEMS: u64 = 100_000_000;

/// The input of a child that is to be started.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) input: Document,
    /// The items of its batch.
    pub(super) batch: Option<u32>,
}

/// Children of one commit, and how far the source is read with them.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) children: Vec<Made>,
    pub(super) cursor: Cursor,
}

type Ahead = Result<Vec<Item>, Failure>;

/// What a selector is evaluated with.
pub(super) struct Tools {
    pub(super) machine: Arc<asl::Machine>,
    pub(super) facts: Arc<Facts>,
    pub(super) limits: Limits,
    pub(super) entropy: Box<dyn Entropy + Send>,
    pub(super) clock: Arc<dyn Clock>,
}

/// See the module's documentation. Every call may be given up while it waits and made again.
pub(super) struct Feed {
    ahead: mpsc::Receiver<Ahead>,
    /// Read and not looked at.
    items: VecDeque<Item>,
    scope: ItemScope,
    batches: Option<Batches>,
    max_items: u64,
    tools: Tools,
    /// How far the items in `made` and `batch` go.
    cursor: Cursor,
    made: Vec<Made>,
    made_bytes: usize,
    batch: Batch,
}

/// A batch under construction.
#[derive(Default)]
struct Batch {
    items: Vec<Value>,
    bytes: usize,
    /// The place behind its last item.
    place: Vec<u8>,
}

impl Feed {
    /// Over a source that was opened at the cursor's place.
    pub(super) fn new(
        plan: &Plan,
        cursor: Cursor,
        tools: Tools,
        source: Box<dyn ItemSource>,
    ) -> Feed {
        let (sender, ahead) = mpsc::channel(1);
        tokio::spawn(read_ahead(source, sender));
        let max_items = match &plan.request.items {
            RunItems::Read {
                max_items: Some(most),
                ..
            } if *most > 0 => most.unsigned_abs().min(MOST_ITEMS),
            RunItems::Read { .. } => MOST_ITEMS,
            RunItems::Given(_) => u64::MAX,
        };
        Feed {
            ahead,
            items: VecDeque::new(),
            scope: plan.request.scope.clone(),
            batches: plan.request.batches.clone(),
            max_items,
            tools,
            cursor,
            made: Vec::new(),
            made_bytes: 0,
            batch: Batch::default(),
        }
    }

    /// The next children; the last time the cursor is at the end.
    pub(super) async fn next(&mut self) -> Result<Chunk, Failure> {
        while self.made.len() < CHUNK && self.made_bytes < CHUNK_BYTES && !self.cursor.is_at_end {
            let taken = self.cursor.items + self.batch.items.len() as u64;
            if taken >= self.max_items {
                self.end();
                break;
            }
            if self.items.is_empty() {
                match self.ahead.recv().await {
                    Some(items) => self.items.extend(items?),
                    None => self.end(),
                }
                continue;
            }
            // Selectors may take their time, and others want the thread, too.
            tokio::task::yield_now().await;
            if let Some(item) = self.items.pop_front() {
                self.take(item)?;
            }
        }
        self.made_bytes = 0;
        Ok(Chunk {
            children: std::mem::take(&mut self.made),
            cursor: self.cursor.clone(),
        })
    }

    fn end(&mut self) {
        self.close_batch();
        self.cursor.is_at_end = true;
    }

    fn take(&mut self, item: Item) -> Result<(), Failure> {
        let index = self.cursor.items + self.batch.items.len() as u64;
        let tools = &mut self.tools;
        let machinery = ItemMachinery {
            machine: &tools.machine,
            facts: &tools.facts,
            limits: &tools.limits,
            entropy: &mut *tools.entropy,
            now: tools.clock.now(),
        };
        let input = item_input(machinery, &self.scope, index, item.value)?;
        match &self.batches {
            None => {
                self.make(input, None);
                self.advance(1, item.place);
            }
            Some(_) => self.add_to_batch(input, item.place),
        }
        Ok(())
    }

    fn make(&mut self, input: Document, batch: Option<u32>) {
        self.made_bytes += input.text().len();
        self.made.push(Made { input, batch });
        self.cursor.children += 1;
    }

    fn advance(&mut self, items: u64, place: Vec<u8>) {
        self.cursor.items += items;
        self.cursor.place = place;
    }

    fn add_to_batch(&mut self, input: Document, place: Vec<u8>) {
        let bytes = input.text().len() + 1;
        let most_bytes = self.most_bytes();
        if !self.batch.items.is_empty() && self.batch.bytes + bytes > most_bytes {
            self.close_batch();
        }
        self.batch.items.push(input.value().clone());
        self.batch.bytes += bytes;
        self.batch.place = place;
        let most = self.batches.as_ref().and_then(|batches| batches.max_items);
        if most.is_some_and(|most| self.batch.items.len() as u64 >= most) {
            self.close_batch();
        }
    }

    /// What the items of a batch may take, with their commas.
    fn most_bytes(&self) -> usize {
        let frame = r#"{"BatchInput":,"Items":[]}"#.len();
        let batches = self.batches.as_ref();
        let given = batches.and_then(|batches| batches.input.as_ref());
        let around = frame + given.map_or(0, |input| input.text().len());
        let limit = batches.and_then(|batches| batches.max_bytes);
        let limit = limit.map_or(usize::MAX, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        });
        limit
            .min(self.tools.limits.payload_bytes)
            .saturating_sub(around)
    }

    fn close_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if batch.items.is_empty() {
            return;
        }
        let items = batch.items.len();
        let given = self.batches.as_ref().and_then(|b| b.input.as_ref());
        let given = given.map(|input| ("BatchInput".into(), input.value().clone()));
        let members = given
            .into_iter()
            .chain([("Items".into(), Value::array(batch.items))]);
        let input = Document::from_value(Value::object(members));
        self.make(input, Some(u32::try_from(items).unwrap_or(u32::MAX)));
        self.advance(items as u64, batch.place);
    }
}

/// Reads until nobody wants more.
async fn read_ahead(mut source: Box<dyn ItemSource>, sender: mpsc::Sender<Ahead>) {
    let (mut items, mut bytes) = (Vec::new(), 0);
    loop {
        match source.next().await {
            Ok(Some(item)) => {
                bytes += item
                    .value
                    .text_length_within(READ_AHEAD_BYTES)
                    .unwrap_or(READ_AHEAD_BYTES);
                items.push(item);
                if items.len() < READ_AHEAD && bytes < READ_AHEAD_BYTES {
                    continue;
                }
                bytes = 0;
                if sender.send(Ok(std::mem::take(&mut items))).await.is_err() {
                    return;
                }
            }
            Ok(None) => {
                let _ = sender.send(Ok(items)).await;
                return;
            }
            Err(failure) => {
                let _ = sender.send(Err(failure)).await;
                return;
            }
        }
    }
}
