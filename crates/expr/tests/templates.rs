//! Payload templates: what they give, and what is said when they cannot.

mod world;

use expr::json::{self, Step};
use expr::template::{Expression, Template, TemplateErrorKind};
use proptest::prelude::*;
use world::{Sequence, World, field, value};

fn eval(template: &str, world: &World) -> String {
    let template = Template::compile(&value(template)).expect("a template");
    template
        .eval(world, &mut Sequence(1))
        .map_or_else(|fault| fault.to_string(), |v| v.to_text())
}

#[test]
fn fields_with_the_suffix_are_evaluated() {
    let world = World {
        input: value(r#"{"a":{"b":[1,2]},"n":1.0}"#),
        context: value(r#"{"Execution":{"Id":"arn"}}"#),
        variables: value(r#"{"v":7}"#),
    };
    for (template, expected) in [
        (r#"{"x":"$.a"}"#, r#"{"x":"$.a"}"#),
        (r#"{"x.$":"$.a.b[1]"}"#, r#"{"x":2}"#),
        (r#"{"x.$":"$"}"#, r#"{"x":{"a":{"b":[1,2]},"n":1.0}}"#),
        (
            r#"{"x":{"y":[{"z.$":"$.n"}]}}"#,
            r#"{"x":{"y":[{"z":1.0}]}}"#,
        ),
        (r#"[{"z.$":"$v"},1]"#, r#"[{"z":7},1]"#),
        (r#"{"id.$":"$$.Execution.Id"}"#, r#"{"id":"arn"}"#),
        (
            r#"{"f.$":"States.Format('<{}>', $.n)"}"#,
            r#"{"f":"<1.0>"}"#,
        ),
        (r#"{".$":"$.n"}"#, r#"{"":1.0}"#),
        ("17", "17"),
        (r#""$.a""#, r#""$.a""#),
    ] {
        assert_eq!(eval(template, &world), expected, "{template}");
    }
}

/// Recorded: `MAP_STATE_ITEM_SELECTOR`, `BASE_ASSIGN_FROM_INTRINSIC_FUNCTION`, `test_query_runtime_memory`
/// and `test_sync_with_task_token`: fixed fields first, then the computed ones as a Java `HashMap` has them.
#[test]
fn computed_fields_come_last_in_hash_order() {
    let order = |fields: &str| {
        let template = fields.split(' ').map(|name| (name.into(), "$".into()));
        let template = Template::compile(&json::Value::object(template)).unwrap();
        let result = template.eval(&World::of("0"), &mut Sequence(1)).unwrap();
        let names: Vec<&str> = result
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, _)| &**name)
            .collect();
        names.join(" ")
    };
    for (fields, expected) in [
        (
            "original_input.$ iteration_input_value.$ iteration_index.$ from_input_constant.$ constant_value",
            "constant_value iteration_input_value from_input_constant iteration_index original_input",
        ),
        (
            "simpleArray.$ partitionedArray.$ containsElement.$ numberRange.$ thirdElement.$ arraySize.$ \
             uniqueValues.$",
            "uniqueValues simpleArray thirdElement partitionedArray arraySize containsElement numberRange",
        ),
        (
            "context_object.$ execution.$ execution_id.$ execution_input.$ execution_name.$ \
             execution_rolearn.$ execution_starttime.$ state.$ state_enteredtime.$ state_name.$ \
             statemachine.$ statemachine_id.$ statemachine_name.$",
            "execution execution_rolearn execution_name statemachine_id execution_id execution_input \
             execution_starttime state_name state_enteredtime statemachine state context_object \
             statemachine_name",
        ),
        (
            "StateMachineArn.$ Name.$ Input",
            "Input StateMachineArn Name",
        ),
        ("b a", "b a"),
    ] {
        assert_eq!(order(fields), expected);
    }
}

#[test]
fn faults_are_in_the_services_words() {
    let world = World::of(r#"{"items":[1,2],"b":1}"#);
    for (template, expected) in [
        (
            r#"{"f.$":"$.a"}"#,
            r#"The JSONPath '$.a' specified for the field 'f.$' could not be found in the input '{"items":[1,2],"b":1}'"#,
        ),
        (
            r#"{"x":{"value.$":"$$.Execution.Input.no"}}"#,
            r#"The JSONPath '$$.Execution.Input.no' specified for the field 'value.$' could not be found in the input '{"items":[1,2],"b":1}'"#,
        ),
        (
            r#"{"f.$":"States.Format('{}', States.ArrayLength($.b))"}"#,
            "The function 'States.Format('{}', States.ArrayLength($.b))' had the following error: \
             Invalid arguments in States.ArrayLength",
        ),
        // Measured: an index outside is null here, but not as an argument.
        (r#"{"f.$":"$.items[5]"}"#, r#"{"f":null}"#),
        (
            r#"{"f.$":"States.Format('{}', $.items[5])"}"#,
            "The function 'States.Format('{}', $.items[5])' had the following error: The JsonPath \
             argument for the field '$.items[5]' could not be found in the input \
             '{\"items\":[1,2],\"b\":1}'",
        ),
    ] {
        assert_eq!(eval(template, &world), expected, "{template}");
    }
}

#[test]
fn expressions_name_their_field() {
    let expression = Expression::parse("$.ErrorX").unwrap();
    let fault = expression
        .eval("ErrorPath", &World::of("{}"), &mut Sequence(1))
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the input '{}'"
    );
    assert_eq!(field("$..x", &World::of("{}")), "[]");
    assert!(Expression::parse("States.UUID()").is_ok());
    assert!(Expression::parse("plain").is_err());
}

#[test]
fn every_faulty_field_is_reported() {
    let template = r#"{"a.$":1,"b":[{"c.$":"no"},{"d.$":"$.["}],"e":1,"e.$":"$"}"#;
    let errors = Template::compile(&value(template)).unwrap_err();
    let at_b = |index| vec![Step::Key("b".into()), Step::Index(index)];
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.at.clone(), &*error.field, error.kind))
        .collect();
    assert_eq!(
        found,
        [
            (vec![], "a.$", TemplateErrorKind::NotAnExpression),
            (at_b(0), "c.$", TemplateErrorKind::NotAnExpression),
            (at_b(1), "d.$", TemplateErrorKind::NotAnExpression),
            (vec![], "e.$", TemplateErrorKind::Duplicate),
        ]
    );
    assert_eq!(
        errors[1].to_string(),
        "The value for the field 'c.$' must be a valid JSONPath or a valid intrinsic function call"
    );
}

#[test]
fn all_paths_are_visited() {
    let template = value(
        r#"{"a.$":"$x.y","b":[{"c.$":"States.Array($.z, States.Format('{}', $w))"}],"d":"$no"}"#,
    );
    let mut seen = Vec::new();
    let template = Template::compile(&template).unwrap();
    template.visit_paths(&mut |path| seen.push(path.source().to_string()));
    seen.sort();
    assert_eq!(seen, ["$.z", "$w", "$x.y"]);
}

/// A loop that wraps its input again and again, or doubles it, comes to an end.
#[test]
fn results_are_bounded_in_depth_and_parts() {
    let grow = |template: &str, input: &str| {
        let template = Template::compile(&value(template)).unwrap();
        let mut world = World::of(input);
        for _ in 0..2000 {
            match template.eval(&world, &mut Sequence(1)) {
                Ok(result) => world.input = result,
                Err(fault) => return fault.to_string(),
            }
        }
        "no end".to_owned()
    };
    assert_eq!(
        grow(r#"{"x.$":"$"}"#, "0"),
        "The result is nested deeper than the maximum allowed (1000)"
    );
    assert_eq!(
        grow(r#"{"x.$":"$","y.$":"$"}"#, "{}"),
        "The path matches or visits too many values"
    );
}

#[test]
fn compiled_things_cross_threads() {
    fn check<T: Clone + std::fmt::Debug + Send + Sync>() {}
    check::<Template>();
    check::<Expression>();
    check::<json::Document>();
    check::<expr::path::ReferencePath>();
}

proptest! {
    #[test]
    fn any_field_compiles_or_not(name in any::<String>(), text in any::<String>()) {
        let template = json::Value::object([(format!("{name}.$").into(), text.as_str().into())]);
        if let Ok(template) = Template::compile(&template) {
            let _ = template.eval(&World::of("{}"), &mut Sequence(1));
        }
    }
}
