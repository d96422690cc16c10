//! What holds for every text that is taken as an intrinsic function call.

use expr::intrinsics::Intrinsic;
use expr::template::{Expression, Template};
use expr::{Entropy, Value};

use crate::memory::peak_of;
use crate::world::{Sequence, World, check_value, worlds};

/// What an evaluation may take: results count 64 MiB, roughly, and paths find four million values.
const BYTES_TAKEN: usize = 768 << 20;

/// A call is evaluated within its budget, the same every time, and as a field of a template gives the same.
pub fn check(text: &str) {
    let Ok(call) = Intrinsic::parse(text) else {
        return;
    };
    assert_eq!(&**call.source(), text);
    call.visit_paths(&mut |path| assert!(text.contains(&**path.source())));
    worlds().iter().for_each(|world| check_in(&call, world));
}

fn check_in(call: &Intrinsic, world: &World) {
    let (result, peak) = peak_of(|| call.eval(world, &mut Sequence(1)));
    assert!(peak <= BYTES_TAKEN, "evaluating took {peak} bytes");
    if let Err(reason) = &result {
        assert!(!reason.is_empty());
    }
    let Ok(expression) = Expression::parse(call.source()) else {
        return;
    };
    let field = expression.eval("x.$", world, &mut Sequence(1));
    if let Ok(value) = &field {
        check_value(value);
        assert_eq!(result.as_ref(), Ok(value), "the same again");
        check_template(call, value, world);
    }
}

fn check_template(call: &Intrinsic, value: &Value, world: &World) {
    let template = Value::object([("x.$".into(), Value::string(call.source().clone()))]);
    let template = Template::compile(&template).expect("a call is an expression");
    if let Ok(whole) = template.eval(world, &mut Sequence(1) as &mut dyn Entropy) {
        assert_eq!(whole.get("x"), Some(value));
    }
}
