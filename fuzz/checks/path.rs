//! What holds for every text that is taken as a JSONPath.

use expr::Value;
use expr::path::{Path, ReferencePath, Root};
use expr::template::Expression;

use crate::memory::peak_of;
use crate::world::{Sequence, World, check_value, worlds};

/// What compiling and evaluating a path may take: four million values that are found.
const BYTES_TAKEN: usize = 512 << 20;

/// A path is evaluated within its budget, the same every time, and what is put at a reference path is found there.
pub fn check(text: &str) {
    let Ok(path) = Path::parse(text) else {
        assert!(
            ReferencePath::parse(text).is_err(),
            "a reference path is a path"
        );
        return;
    };
    assert_eq!(&**path.source(), text);
    let again = Path::parse(text).expect("it was parsed before");
    assert_eq!(format!("{again:?}"), format!("{path:?}"));
    assert_eq!(ReferencePath::parse(text).is_ok(), path.is_reference());
    assert!(
        path.is_definite() || !path.is_reference(),
        "a reference leads to one place"
    );
    worlds().iter().for_each(|world| check_in(&path, world));
}

fn check_in(path: &Path, world: &World) {
    let (found, peak) = peak_of(|| path.eval(world));
    assert!(peak <= BYTES_TAKEN, "evaluating took {peak} bytes");
    match &found {
        Ok(value) => {
            check_value(value);
            assert!(
                path.is_definite() || value.as_array().is_some(),
                "all that match are an array"
            );
        }
        Err(miss) => assert!(!miss.to_string().is_empty()),
    }
    check_as_field(path, &found.ok(), world);
    if let Ok(reference) = ReferencePath::parse(path.source()) {
        check_set(&reference, world);
    }
}

/// As the value of a field it gives the same; null may be there for an index outside of an array.
fn check_as_field(path: &Path, found: &Option<Value>, world: &World) {
    let expression = Expression::parse(path.source()).expect("a path is an expression");
    let field = expression.eval("x.$", world, &mut Sequence(1));
    match (found, field) {
        (Some(found), Ok(field)) => assert_eq!(&field, found),
        (None, Ok(field)) => assert_eq!(field, Value::Null),
        (_, Err(fault)) => assert!(!fault.to_string().is_empty()),
    }
}

fn check_set(reference: &ReferencePath, world: &World) {
    let value = Value::string("put here");
    let Ok(changed) = reference.set(&world.input, value.clone()) else {
        return;
    };
    check_value(&changed);
    let source = reference.path().source();
    if *reference.path().root() == Root::Input {
        let found = Path::parse(source).map(|path| path.eval(&world.with_input(changed)));
        assert_eq!(found, Ok(Ok(value)), "what was put there is found there");
    }
}
