//! Node.js functions: CommonJS and ES modules, async and callback handlers, and Lambda's error payloads.

mod support;

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use support::{Bench, json as payload, node, text};

async fn invoke(file: &str, source: &str, event: Value) -> Option<functions::InvokeResult> {
    node()?;
    let bench = Bench::new(|_| {});
    let spec = bench.function("nodejs22.x", file, source);
    Some(bench.invoke(&spec, event).await)
}

async fn check(file: &str, source: &str, expected: Expect) {
    if let Some(result) = invoke(file, source, json!({"a": 1})).await {
        let outcome = if result.failed { "failed" } else { "answered" };
        expected.assert_eq(&format!("{outcome}: {}", text(&result.payload)));
    }
}

#[tokio::test]
async fn handlers_of_all_kinds_answer() {
    let answer = || expect![[r#"answered: {"a":1}"#]];
    check(
        "index.js",
        "exports.handler = async (event) => event;",
        answer(),
    )
    .await;
    check(
        "index.cjs",
        "exports.handler = (event, context, callback) => callback(null, event);",
        answer(),
    )
    .await;
    check(
        "index.mjs",
        "export const handler = async (event) => event;",
        answer(),
    )
    .await;
    check(
        "index.mjs",
        "export const handler = (event) => event;",
        answer(),
    )
    .await;
    check(
        "index.js",
        "exports.handler = (event, context) => context.succeed(event);",
        answer(),
    )
    .await;
}

#[tokio::test]
async fn nothing_is_null() {
    check(
        "index.mjs",
        "export const handler = async () => {};",
        expect!["answered: null"],
    )
    .await;
    check(
        "index.mjs",
        "export const handler = () => new Promise(() => {});",
        expect!["answered: null"],
    )
    .await;
}

#[tokio::test]
async fn a_callback_waits_for_the_event_loop_unless_told_not_to() {
    check(
        "index.js",
        "exports.handler = (event, context, callback) => { const out = []; setTimeout(() => out.push('late'), 50); callback(null, out); };",
        expect![[r#"answered: ["late"]"#]],
    )
    .await;
    check(
        "index.js",
        "exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; const out = []; setTimeout(() => out.push('late'), 10000); callback(null, out); };",
        expect![[r#"answered: []"#]],
    )
    .await;
}

#[tokio::test]
async fn an_error_has_its_type_message_and_trace() {
    let source = "class OutOfStock extends Error { constructor(m) { super(m); this.name = 'OutOfStock'; } }\nexport const handler = async () => { throw new OutOfStock('none left'); };";
    let Some(result) = invoke("index.mjs", source, json!({})).await else {
        return;
    };
    assert!(result.failed);
    let error = payload(&result);
    assert_eq!(error["errorType"], "OutOfStock");
    assert_eq!(error["errorMessage"], "none left");
    assert_eq!(error["trace"][0], "OutOfStock: none left");
    let frame = error["trace"][1].to_string();
    assert!(frame.contains("file:///var/task/index.mjs:2:"), "{frame}");
    let log = text(&result.log_tail);
    assert!(
        log.contains("\tERROR\tInvoke Error \t{\"errorType\":\"OutOfStock\""),
        "{log}"
    );
}

#[tokio::test]
async fn what_is_thrown_need_not_be_an_error() {
    check(
        "index.js",
        "exports.handler = (event, context, callback) => callback('no');",
        expect![[r#"failed: {"errorType":"string","errorMessage":"no","trace":[]}"#]],
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error() {
    let source = "export const handler = async () => { const a = {}; a.a = a; return a; };";
    let Some(result) = invoke("index.mjs", source, json!({})).await else {
        return;
    };
    assert!(result.failed);
    assert_eq!(
        payload(&result)["errorMessage"],
        "Unable to stringify response body"
    );
}

#[tokio::test]
async fn what_nobody_caught_is_reported() {
    let source = "export const handler = async () => { setTimeout(() => { throw new RangeError('late'); }, 0); await new Promise((r) => setTimeout(r, 10000)); };";
    if let Some(result) = invoke("index.mjs", source, json!({})).await {
        assert_eq!(payload(&result)["errorType"], "RangeError");
    }
    let source = "export const handler = async () => { Promise.reject(new Error('nobody')); await new Promise((r) => setTimeout(r, 10000)); };";
    if let Some(result) = invoke("index.mjs", source, json!({})).await {
        assert_eq!(
            payload(&result)["errorType"],
            "Runtime.UnhandledPromiseRejection"
        );
        assert_eq!(payload(&result)["errorMessage"], "Error: nobody");
    }
}

#[tokio::test]
async fn what_cannot_be_loaded_is_named() {
    for (file, source, kind, message) in [
        (
            "index.mjs",
            "import 'no-such-package';",
            "Runtime.ImportModuleError",
            "no-such-package",
        ),
        (
            "index.js",
            "require('./no-such-file');",
            "Runtime.ImportModuleError",
            "no-such-file",
        ),
        (
            "index.mjs",
            "export const handle = 1;",
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            "index.mjs",
            "export const = 1;",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: ",
        ),
        (
            "index.mjs",
            "throw new TypeError('at load');",
            "TypeError",
            "at load",
        ),
    ] {
        let Some(result) = invoke(file, source, json!({})).await else {
            return;
        };
        assert!(result.failed);
        assert_eq!(payload(&result)["errorType"], kind);
        let said = payload(&result)["errorMessage"].to_string();
        assert!(said.contains(message), "{said}");
    }
}

#[tokio::test]
async fn exits_and_heap_exhaustion_are_exits() {
    check(
        "index.js",
        "exports.handler = () => process.exit(4);",
        expect![[r#"failed: {"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited with error: exit status 4"}"#]],
    )
    .await;
    let source = "exports.handler = async () => { const all = []; for (;;) all.push('x'.repeat(1000) + all.length); };";
    if let Some(result) = invoke("index.js", source, json!({})).await {
        let kind = payload(&result)["errorType"].to_string();
        assert!(
            ["\"Runtime.OutOfMemory\"", "\"Runtime.ExitError\""].contains(&kind.as_str()),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn console_lines_are_lambdas() {
    let source = "export const handler = async () => { console.log('hello %s', 'there'); console.error('oh'); };";
    if let Some(result) = invoke("index.mjs", source, json!({})).await {
        let log = text(&result.log_tail);
        assert!(
            log.contains("\t00000000-aaaa-bbbb-cccc-000000000001\tINFO\thello there\n"),
            "{log}"
        );
        assert!(
            log.contains("\t00000000-aaaa-bbbb-cccc-000000000001\tERROR\toh\n"),
            "{log}"
        );
    }
}
