//! The client against a server that answers what the test says.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use aws::sigv4::{Authorization, Credentials, RequestParts, verify};
use integrations::lambda::{Invoke, LambdaClient, LogType};
use integrations::{CallError, Endpoint, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Reads one request (head and body) from a connection; `None` when the client has closed it.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        text.extend_from_slice(&chunk[..read]);
        let so_far = String::from_utf8(text.clone()).unwrap();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(so_far);
        }
    }
}

/// A server that gives `answers` one after another; yields what it was asked, and over how many connections.
async fn serve(answers: Vec<String>) -> (Endpoint, tokio::task::JoinHandle<(Vec<String>, usize)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let task = tokio::spawn(async move {
        let (mut asked, mut connections) = (Vec::new(), 0);
        let mut answers = answers.into_iter();
        while answers.len() > 0 {
            let (mut stream, _) = listener.accept().await.unwrap();
            connections += 1;
            while let Some(request) = read_request(&mut stream).await {
                asked.push(request);
                stream
                    .write_all(answers.next().unwrap().as_bytes())
                    .await
                    .unwrap();
                if answers.len() == 0 {
                    break;
                }
            }
        }
        (asked, connections)
    });
    (endpoint, task)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn credentials() -> Credentials {
    Credentials {
        access_key: "AKID".into(),
        secret_key: "secret".into(),
        session_token: None,
    }
}

async fn invoke(
    endpoint: Endpoint,
    call: &Invoke,
) -> Result<integrations::lambda::InvokeOutput, CallError> {
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(20),
    };
    LambdaClient::new(endpoint, timeouts)
        .invoke(call, &credentials(), "eu-central-1")
        .await
}

#[tokio::test]
async fn a_call_is_signed_and_its_answer_read() {
    let answer = http(
        "200 OK",
        "content-type: application/json\r\nDate: today\r\nx-amzn-requestid: id-1\r\nx-amz-executed-version: 3\r\nServer: x\r\n",
        r#"{"ok":true}"#,
    );
    let (endpoint, server) = serve(vec![answer]).await;
    let authority = endpoint.authority().to_owned();
    let call = Invoke {
        function: "arn:aws:lambda:eu-central-1:123456789012:function:f".into(),
        qualifier: Some("$LATEST".into()),
        payload: r#"{"a":1}"#.into(),
        log_type: LogType::Tail,
        ..Invoke::default()
    };
    let output = invoke(endpoint, &call).await.unwrap();
    assert_eq!(
        (output.status, output.payload.as_ref()),
        (200, br#"{"ok":true}"#.as_slice())
    );
    assert_eq!(
        (output.executed_version.as_deref(), output.request_id()),
        (Some("3"), "id-1")
    );
    let names: Vec<&str> = output
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "X-Amz-Executed-Version",
            "x-amzn-RequestId",
            "Content-Length",
            "Date",
            "Content-Type",
            "server"
        ]
    );

    let (asked, _) = server.await.unwrap();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(
        lines.next().unwrap(),
        "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Af/invocations?Qualifier=%24LATEST HTTP/1.1"
    );
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .unwrap()
            .1
    };
    assert_eq!(header("host"), authority);
    assert_eq!(
        (header("x-amz-log-type"), header("x-amz-invocation-type")),
        ("Tail", "RequestResponse")
    );
    let authorization = Authorization::parse_header(header("authorization")).unwrap();
    assert_eq!(
        (
            authorization.scope.region.as_str(),
            authorization.scope.service.as_str()
        ),
        ("eu-central-1", "lambda")
    );
    let signed = aws::time::parse_amz_date(header("x-amz-date")).unwrap();
    let parts = RequestParts {
        method: "POST",
        path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Af/invocations",
        query: "Qualifier=%24LATEST",
        headers: &headers,
        body: body.as_bytes(),
    };
    assert_eq!(verify(&parts, &authorization, "secret", signed), Ok(()));
}

#[tokio::test]
async fn connections_are_used_again() {
    let answers = vec![
        http("200 OK", "", "1"),
        http("200 OK", "X-Amz-Function-Error: Unhandled\r\n", "2"),
        http("202 Accepted", "", ""),
    ];
    let (endpoint, server) = serve(answers).await;
    let client = LambdaClient::new(endpoint, Timeouts::default());
    let call = Invoke {
        function: "f".into(),
        ..Invoke::default()
    };
    let mut seen = Vec::new();
    for _ in 0..3 {
        let output = client
            .invoke(&call, &credentials(), "us-east-1")
            .await
            .unwrap();
        seen.push((output.status, output.function_error));
    }
    assert_eq!(
        seen,
        [
            (200, None),
            (200, Some("Unhandled".to_owned())),
            (202, None)
        ]
    );
    assert_eq!(server.await.unwrap().1, 1);
}

#[tokio::test]
async fn errors_of_the_service_have_its_name_and_cause() {
    let cases = [
        (
            http(
                "404 Not Found",
                "x-amzn-ErrorType: ResourceNotFoundException\r\nx-amzn-RequestId: id-2\r\n",
                r#"{"Type":"User","message":"m","Message":"Function not found: f"}"#,
            ),
            "Lambda.ResourceNotFoundException",
            "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: id-2; Proxy: null)",
        ),
        (
            http(
                "429 Too Many",
                "x-amzn-errortype: TooManyRequestsException:http://x/\r\n",
                r#"{"message":"Rate Exceeded."}"#,
            ),
            "Lambda.TooManyRequestsException",
            "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: null; Proxy: null)",
        ),
        (
            http("502 Bad Gateway", "", "<html>"),
            "Lambda.AWSLambdaException",
            "Bad Gateway (Service: AWSLambda; Status Code: 502; Error Code: UnknownError; Request ID: null; Proxy: null)",
        ),
    ];
    for (answer, name, cause) in cases {
        let (endpoint, _server) = serve(vec![answer]).await;
        let error = invoke(
            endpoint,
            &Invoke {
                function: "f".into(),
                ..Invoke::default()
            },
        )
        .await
        .unwrap_err();
        assert_eq!((error.name(), error.cause().as_str()), (name, cause));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read() {
    let (endpoint, _server) = serve(vec![http("200 OK", "", &"x".repeat(7 * 1024 * 1024))]).await;
    let error = invoke(
        endpoint,
        &Invoke {
            function: "f".into(),
            ..Invoke::default()
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.name(), "Lambda.SdkClientException");
    assert_eq!(
        error.cause(),
        "Unable to execute HTTP request: The response is larger than the maximum allowed size"
    );
}

#[tokio::test]
async fn trouble_on_the_way_is_named_as_the_sdk_does() {
    let call = Invoke {
        function: "f".into(),
        ..Invoke::default()
    };
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = invoke(format!("http://{free}").parse().unwrap(), &call)
        .await
        .unwrap_err();
    assert_eq!(refused.name(), "Lambda.SdkClientException");
    assert_eq!(
        refused.cause(),
        format!(
            "Unable to execute HTTP request: Connect to {free} failed: Connection refused (Connection refused)"
        )
    );

    let unknown = invoke("http://no-such-host.invalid:1".parse().unwrap(), &call)
        .await
        .unwrap_err();
    assert_eq!(
        unknown.cause(),
        "Unable to execute HTTP request: no-such-host.invalid: Name or service not known"
    );

    let header = Invoke {
        client_context: Some("a\nb".into()),
        ..call.clone()
    };
    let bad = invoke(format!("http://{free}").parse().unwrap(), &header)
        .await
        .unwrap_err();
    assert_eq!(bad.name(), "Lambda.SdkClientException");
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        total: Duration::from_millis(50),
    };
    let call = Invoke {
        function: "f".into(),
        ..Invoke::default()
    };
    let error = LambdaClient::new(endpoint, timeouts)
        .invoke(&call, &credentials(), "us-east-1")
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Lambda.ClientExecutionTimeoutException");
}

#[test]
fn endpoints_are_urls_of_a_host() {
    for good in [
        "http://127.0.0.1:9011",
        "https://lambda.eu-central-1.amazonaws.com/",
        "http://host/prefix/",
    ] {
        assert!(good.parse::<Endpoint>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "127.0.0.1:80",
        "ftp://x",
        "http://",
        "http://user:pass@x",
        "http://x/?a=b",
        "no url at all",
    ] {
        assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
    }
}
