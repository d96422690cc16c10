//! The children of Parallel and Map: how they begin, what happens when one is done, how results come together.

use std::sync::Arc;

use asl::definition::StateId;
use expr::json::{Document, Value};

use crate::event::{EventId, EventKind};
use crate::execution::{Frame, FrameId, MapItem, Parent, Phase};
use crate::step::Run;

impl Run<'_> {
    /// Adds the next child of a Parallel or Map; it takes its turn after those that are ready already.
    pub(crate) fn add_child(
        &mut self,
        parent: FrameId,
        start_at: StateId,
        input: Document,
        previous: EventId,
        item: Option<Arc<MapItem>>,
    ) {
        let Phase::Children(children) = &self.execution.frame(parent).phase else {
            return;
        };
        let index = children.frames.len() as u32;
        let entered_at = self.execution.now;
        if item.is_some() {
            self.count_document(&input);
        }
        let id = self.execution.add_frame(Frame {
            parent: Some(Parent {
                frame: parent,
                index,
            }),
            state: start_at,
            previous,
            input,
            entered: 0,
            entered_at,
            attempts: Vec::new(),
            item,
            variables: Default::default(),
            phase: Phase::Entering,
        });
        if let Some(children) = self.execution.children_mut(parent) {
            children.frames.push(id);
        }
    }

    /// A branch or iteration came to its end.
    pub(crate) fn child_done(&mut self, child: FrameId, parent: Parent, output: Document) {
        let last = self.execution.frame(child).previous;
        self.count_document(&output);
        self.execution.frame_mut(child).phase = Phase::Done { output };
        let Some(children) = self.execution.children_mut(parent.frame) else {
            return;
        };
        children.done += 1;
        let (done, total, begun) = (children.done, children.total, children.frames.len() as u32);
        match self.iteration(parent) {
            None if done == total => self.parallel_done(parent.frame, last),
            None => {}
            Some(iteration) => {
                let succeeded = self.emit(last, EventKind::MapIterationSucceeded(iteration));
                if begun < total {
                    if let Err(fault) = self.start_iteration(parent.frame, begun, last) {
                        self.fault(parent.frame, fault);
                    }
                } else if done == total {
                    self.map_done(parent.frame, succeeded);
                }
            }
        }
    }

    /// Both events point back to the last event of the branch that ended last ([rec] history.md section 3).
    pub(crate) fn parallel_done(&mut self, frame: FrameId, last: EventId) {
        self.execution.frame_mut(frame).previous = last;
        self.emit(last, EventKind::ParallelStateSucceeded);
        let result = self.take_results(frame);
        self.complete(frame, &result);
    }

    /// The children's outputs by index; the children are removed.
    pub(crate) fn take_results(&mut self, frame: FrameId) -> Document {
        let children = match &mut self.execution.frame_mut(frame).phase {
            Phase::Children(children) => std::mem::take(&mut children.frames),
            _ => Vec::new(),
        };
        let mut values = Vec::with_capacity(children.len());
        for id in children {
            let Some(child) = self.execution.remove_frame(id) else {
                continue;
            };
            if let Phase::Done { output } = &child.phase {
                values.push(output.value().clone());
            }
            self.fallen.insert(id, child);
        }
        Document::from_value(Value::array(values))
    }
}
