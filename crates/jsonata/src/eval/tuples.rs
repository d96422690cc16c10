//! Tuple streams: paths that carry variables along (`@$v`, `#$i`, and the parents that `%` needs).

use super::frame::Env;
use super::path::Source;
use super::{Machine, Outcome};
use crate::program::{Kind, Node, Path, Stage};
use crate::value::{Item, Tuple};

impl Machine<'_> {
    /// The rest of a path, from its first step that makes tuples on.
    pub(super) fn tuple_path(
        &mut self,
        node: &Node,
        path: &Path,
        from: usize,
        source: Source,
        env: &Env,
    ) -> Outcome {
        let mut tuples = None;
        for step in &path.steps[from..] {
            tuples = Some(self.tuple_step(step, &source, tuples, env)?);
        }
        let tuples = tuples.unwrap_or_default();
        if let Some(group) = &node.group {
            return self.group_tuples(group, &tuples, env);
        }
        if node.tuple {
            return Ok(Item::Tuples(std::rc::Rc::new(tuples)));
        }
        let items = tuples.into_iter().map(|tuple| tuple.item).collect();
        let array = self.array(items)?.into_sequence();
        Ok(Item::Array(match path.keep_singleton {
            true => array.keeping_singleton(),
            false => array,
        }))
    }

    fn tuple_step(
        &mut self,
        step: &Node,
        source: &Source,
        tuples: Option<Vec<Tuple>>,
        env: &Env,
    ) -> Outcome<Vec<Tuple>> {
        let result = match (&step.kind, tuples) {
            (Kind::Sort(terms), Some(tuples)) => self.sort_tuples(terms, tuples, env)?,
            (Kind::Sort(terms), None) => {
                let items = self.sort_source(terms, source, env)?;
                let indexed = items.into_iter().enumerate().map(|(place, item)| {
                    let mut tuple = bare(item);
                    if let Some(index) = &step.index {
                        tuple.bind(index, Item::count(place));
                    }
                    tuple
                });
                indexed.collect()
            }
            (_, Some(tuples)) => self.widen(step, tuples, env)?,
            (_, None) => {
                self.make_items(source.len())?;
                self.widen(step, source.items().map(bare).collect(), env)?
            }
        };
        self.stages(step, result, env)
    }

    /// Evaluates a step for each tuple; each result is a tuple with what was bound before.
    fn widen(&mut self, step: &Node, tuples: Vec<Tuple>, env: &Env) -> Outcome<Vec<Tuple>> {
        let mut widened = Vec::new();
        for base in tuples {
            let inside = self.frame(env, base.bindings.clone())?;
            match self.eval(step, &base.item, &inside)? {
                Item::Undefined => {}
                Item::Tuples(inner) => {
                    for tuple in inner.iter() {
                        self.pay_tuple(&base)?;
                        let mut merged = base.clone();
                        merged.item = tuple.item.clone();
                        for (name, item) in &tuple.bindings {
                            merged.bind(name, item.clone());
                        }
                        widened.push(merged);
                    }
                }
                Item::Array(array) => {
                    for (place, item) in array.iter().enumerate() {
                        widened.push(self.tuple(step, &base, place, item)?);
                    }
                }
                single => widened.push(self.tuple(step, &base, 0, single)?),
            }
        }
        Ok(widened)
    }

    /// Pays for a tuple and the variables it has room for.
    fn pay_tuple(&mut self, base: &Tuple) -> Outcome<()> {
        self.memory(3 * base.bindings.len() * size_of::<Item>() + 320)?;
        self.visit(2 * base.bindings.len() + 3)
    }

    fn tuple(&mut self, step: &Node, base: &Tuple, place: usize, item: Item) -> Outcome<Tuple> {
        self.pay_tuple(base)?;
        let mut tuple = base.clone();
        match &step.focus {
            Some(focus) => tuple.bind(focus, item),
            None => tuple.item = item,
        }
        if let Some(index) = &step.index {
            tuple.bind(index, Item::count(place));
        }
        if let Some(ancestor) = step.ancestor {
            tuple.bind(&self.slot(ancestor), base.item.clone());
        }
        Ok(tuple)
    }

    fn stages(&mut self, step: &Node, mut tuples: Vec<Tuple>, env: &Env) -> Outcome<Vec<Tuple>> {
        for stage in &step.stages {
            match stage {
                Stage::Filter(predicate) => tuples = self.filter_tuples(predicate, tuples, env)?,
                Stage::Index(name) => {
                    self.make_items(tuples.len())?;
                    for (place, tuple) in tuples.iter_mut().enumerate() {
                        tuple.bind(name, Item::count(place));
                    }
                }
            }
        }
        Ok(tuples)
    }
}

fn bare(item: Item) -> Tuple {
    Tuple {
        item,
        bindings: Vec::new(),
    }
}
