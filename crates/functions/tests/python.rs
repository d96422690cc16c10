//! Python functions, served by AWS's own interface client and by the bundled one: both must look the same from outside.

mod support;

use expect_test::{Expect, expect};
use functions::PythonClient;
use serde_json::{Value, json};
use support::{Bench, json as payload, python, text};

const CLIENTS: [PythonClient; 2] = [PythonClient::Auto, PythonClient::Bundled];

/// Invokes `source` once under each client; the payload (or the error) must be the same.
async fn check(source: &str, event: Value, expected: Expect) {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let spec = bench.function("python3.12", "handler.py", source);
        let result = bench.invoke(&spec, event.clone()).await;
        let outcome = if result.failed { "failed" } else { "answered" };
        expected.assert_eq(&format!("{outcome}: {}", text(&result.payload)));
    }
}

#[tokio::test]
async fn the_event_comes_back() {
    let source = "def handler(event, context):\n    return event\n";
    check(
        source,
        json!({"a": [1, 2.5, "ü"]}),
        expect![[r#"answered: {"a": [1, 2.5, "ü"]}"#]],
    )
    .await;
}

#[tokio::test]
async fn bytes_are_answered_as_they_are() {
    let source = "def handler(event, context):\n    return b'\"HelloWorld!\"'\n";
    check(source, json!({}), expect![[r#"answered: "HelloWorld!""#]]).await;
}

#[tokio::test]
async fn an_exception_reads_as_on_lambda() {
    let source =
        "def handler(event, context):\n    raise Exception(\"Some exception was raised.\")\n";
    check(
        source,
        json!({}),
        expect![[r#"failed: {"errorMessage": "Some exception was raised.", "errorType": "Exception", "requestId": "00000000-aaaa-bbbb-cccc-000000000001", "stackTrace": ["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"]}"#]],
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_a_marshal_error() {
    let source = "def handler(event, context):\n    return {'when': object}\n";
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let spec = bench.function("python3.12", "handler.py", source);
        let result = bench.invoke(&spec, json!({})).await;
        assert!(result.failed);
        assert_eq!(payload(&result)["errorType"], "Runtime.MarshalError");
        let message = payload(&result)["errorMessage"].to_string();
        assert!(
            message.contains("Unable to marshal response: "),
            "{message}"
        );
        assert!(message.contains("is not JSON serializable"), "{message}");
    }
}

#[tokio::test]
async fn a_missing_module_is_an_import_error_with_the_request_id() {
    check(
        "import no_such_module\n",
        json!({}),
        expect![[r#"failed: {"errorMessage":"Unable to import module 'handler': No module named 'no_such_module'","errorType":"Runtime.ImportModuleError","requestId":"00000000-aaaa-bbbb-cccc-000000000001","stackTrace":[]}"#]],
    )
    .await;
}

#[tokio::test]
async fn a_missing_handler_is_named() {
    check(
        "x = 1\n",
        json!({}),
        expect![[r#"failed: {"errorMessage":"Handler 'handler' missing on module 'handler'","errorType":"Runtime.HandlerNotFound","requestId":"00000000-aaaa-bbbb-cccc-000000000001","stackTrace":[]}"#]],
    )
    .await;
}

#[tokio::test]
async fn a_syntax_error_is_shown() {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let spec = bench.function("python3.12", "handler.py", "def handler(:\n");
        let result = bench.invoke(&spec, json!({})).await;
        assert_eq!(payload(&result)["errorType"], "Runtime.UserCodeSyntaxError");
        let stack = payload(&result)["stackTrace"][0].to_string();
        assert!(stack.contains("/var/task/handler.py"), "{stack}");
    }
}

#[tokio::test]
async fn sys_exit_ends_the_process() {
    check(
        "import sys\ndef handler(event, context):\n    sys.exit(event['code'])\n",
        json!({"code": 3}),
        expect![[r#"failed: {"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited with error: exit status 3"}"#]],
    )
    .await;
    check(
        "import os\ndef handler(event, context):\n    os._exit(0)\n",
        json!({}),
        expect![[r#"failed: {"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited without providing a reason"}"#]],
    )
    .await;
}

#[tokio::test]
async fn a_crash_names_the_signal() {
    check(
        "import os, signal\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
        json!({}),
        expect![[r#"failed: {"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited with error: signal: segmentation fault"}"#]],
    )
    .await;
}

#[tokio::test]
async fn an_exit_while_loading_is_an_exit() {
    check(
        "import os\nos._exit(7)\n",
        json!({}),
        expect![[r#"failed: {"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Error: Runtime exited with error: exit status 7"}"#]],
    )
    .await;
}

#[tokio::test]
async fn an_oversize_answer_is_refused_and_the_next_one_served() {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let source = "def handler(event, context):\n    return 'x' * event\n";
        let mut spec = bench.function("python3.12", "handler.py", source);
        spec.memory_mb = 512;
        let largest = 6_291_556 - 2;
        assert!(!bench.invoke(&spec, json!(largest)).await.failed);
        for size in [largest + 1, 20 << 20] {
            let result = bench.invoke(&spec, json!(size)).await;
            assert!(result.failed);
            assert_eq!(
                text(&result.payload),
                r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#
            );
        }
        assert_eq!(payload(&bench.invoke(&spec, json!(1)).await), "x");
    }
}

#[tokio::test]
async fn the_environment_is_lambdas_and_the_functions_own() {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let source =
            "import os\ndef handler(event, context):\n    return [dict(os.environ), os.getcwd()]\n";
        let mut spec = bench.function("python3.12", "handler.py", source);
        spec.environment.insert("TABLE".into(), "orders".into());
        let answer = payload(&bench.invoke(&spec, json!({})).await);
        let environment = answer[0].as_object().unwrap();
        let code = spec.code.display().to_string();
        for (name, value) in [
            ("TABLE", "orders"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "fn-handler"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12"),
            ("_HANDLER", "handler.handler"),
            ("LAMBDA_TASK_ROOT", &code),
            ("TZ", ":UTC"),
            ("AWS_ACCESS_KEY_ID", "test"),
        ] {
            assert_eq!(environment[name], value, "{name}");
        }
        assert!(!environment.contains_key("CARGO_TARGET_TMPDIR"));
        assert!(
            !environment.contains_key("HOME"),
            "nothing of the server's own environment"
        );
        assert_eq!(answer[1], code);
    }
}

#[tokio::test]
async fn the_context_says_who_and_how_long() {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let source = "def handler(event, c):\n    return [c.aws_request_id, c.invoked_function_arn, c.function_name, c.memory_limit_in_mb, c.get_remaining_time_in_millis()]\n";
        let spec = bench.function("python3.12", "handler.py", source);
        let answer = payload(&bench.invoke(&spec, json!({})).await);
        assert_eq!(answer[0], "00000000-aaaa-bbbb-cccc-000000000001");
        assert_eq!(
            answer[1],
            "arn:aws:lambda:eu-west-1:123456789012:function:fn-handler"
        );
        assert_eq!(answer[2], "fn-handler");
        assert_eq!(answer[3], "128");
        let left = answer[4].as_u64().unwrap();
        assert!((20_000..=30_000).contains(&left), "{left} ms of 30 s");
    }
}

#[tokio::test]
async fn the_log_tail_has_what_was_printed_between_start_and_report() {
    if python().is_none() {
        return;
    }
    for client in CLIENTS {
        let bench = Bench::with_client(client);
        let source = "import sys, logging\ndef handler(event, context):\n    print('to stdout, ü')\n    print('to stderr', file=sys.stderr)\n    logging.getLogger().warning('careful')\n    return 1\n";
        let spec = bench.function("python3.12", "handler.py", source);
        let log = text(&bench.invoke(&spec, json!({})).await.log_tail);
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(
            lines[0],
            "START RequestId: 00000000-aaaa-bbbb-cccc-000000000001 Version: $LATEST"
        );
        assert_eq!(lines[1], "to stdout, ü");
        assert_eq!(lines[2], "to stderr");
        assert!(lines[3].starts_with("[WARNING]\t"), "{}", lines[3]);
        assert!(
            lines[3].ends_with("\t00000000-aaaa-bbbb-cccc-000000000001\tcareful"),
            "{}",
            lines[3]
        );
        assert_eq!(
            lines[4],
            "END RequestId: 00000000-aaaa-bbbb-cccc-000000000001"
        );
        assert!(
            lines[5].contains("\tMemory Size: 128 MB\tMax Memory Used: "),
            "{}",
            lines[5]
        );
        assert!(lines[5].contains("\tInit Duration: "), "{}", lines[5]);
    }
}

#[tokio::test]
async fn awslambdaric_is_what_serves() {
    if python().is_none() {
        return;
    }
    let bench = Bench::with_client(PythonClient::Auto);
    let source = "import sys\ndef handler(event, context):\n    return 'awslambdaric.bootstrap' in sys.modules\n";
    let spec = bench.function("python3.12", "handler.py", source);
    if payload(&bench.invoke(&spec, json!({})).await) == json!(false) {
        eprintln!("SKIPPED: awslambdaric cannot be installed here; the bundled client served");
    }
}

#[tokio::test]
async fn relative_folders_are_the_hosts_not_the_functions() {
    if python().is_none() {
        return;
    }
    let up = "../".repeat(std::env::current_dir().unwrap().components().count() - 1);
    for client in CLIENTS {
        let bench = Bench::new(|config| {
            config.python_client = client;
            for path in [&mut config.data_dir, &mut config.runtimes_dir] {
                *path =
                    format!("{up}{}", path.display().to_string().trim_start_matches('/')).into();
            }
        });
        let spec = bench.function(
            "python3.12",
            "handler.py",
            "def handler(event, context):\n    return 1\n",
        );
        assert_eq!(payload(&bench.invoke(&spec, json!({})).await), 1);
    }
}
