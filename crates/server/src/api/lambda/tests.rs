//! The Lambda API through its protocol: a method, a path and JSON in, a status and JSON out. (That functions run is the business
//! of the `functions` crate's tests and of the black-box tests; nothing here starts a process.)

use std::io::{Cursor, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use expect_test::{Expect, expect};
use functions::{CodeStore, FunctionHost, HostConfig, PythonClient};
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use store::MemoryStore;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::LambdaApi;
use crate::front::{Request, Response};
use crate::records::Records;

const FUNCTIONS: &str = "/2015-03-31/functions";
const ROLE: &str = "arn:aws:iam::123456789012:role/lambda";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

struct Bench {
    folder: TempDir,
    records: Records,
    api: LambdaApi,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::new(Arc::new(MemoryStore::new()));
        let api = service(&folder, &records);
        Bench {
            folder,
            records,
            api,
        }
    }

    /// As after a restart: the same records and the same disk.
    fn restarted(self) -> Bench {
        let api = service(&self.folder, &self.records);
        Bench { api, ..self }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Response {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let request = Request {
            method,
            path: path.to_owned(),
            query,
            headers: headers.collect::<HeaderMap>(),
            body: body.to_vec().into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
            signed_service: Some("lambda".to_owned()),
            request_id: "00000000-aaaa-bbbb-cccc-000000000001".to_owned(),
            patience: Default::default(),
            weight: Default::default(),
        };
        self.api.handle(&request).await
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self.send(method, path, &[], body.as_bytes()).await;
        (
            response.status,
            serde_json::from_slice(&response.body).unwrap_or(Value::Null),
        )
    }

    /// `status code: message` of a call that fails.
    async fn error(&self, method: Method, path: &str, body: Value) -> String {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        shown(&self.send(method, path, &[], body.as_bytes()).await)
    }

    async fn create(&self, name: &str) -> Value {
        let (status, answer) = self.call(Method::POST, FUNCTIONS, creation(name)).await;
        assert_eq!(status, 201, "{answer}");
        answer
    }
}

fn service(folder: &TempDir, records: &Records) -> LambdaApi {
    let mut config = HostConfig::new(folder.path());
    config.python_client = PythonClient::Bundled;
    let host = FunctionHost::new(config).unwrap();
    let code = CodeStore::open(folder.path().join("code")).unwrap();
    LambdaApi::new(records.clone(), host, code)
}

fn shown(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let header = response
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amzn-ErrorType"));
    let code = header.map_or("", |(_, value)| value);
    let message = body
        .get("message")
        .or(body.get("Message"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!("{} {code}: {message}", response.status)
}

fn package(text: &str) -> String {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    BASE64.encode(zip.finish().unwrap().into_inner())
}

fn creation(name: &str) -> Value {
    json!({
        "FunctionName": name,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": ROLE,
        "Code": {"ZipFile": package("1")},
        "Environment": {"Variables": {"TABLE": "orders"}},
        "Tags": {"team": "a"},
    })
}

fn with(name: &str, changes: Value) -> Value {
    let mut creation = creation(name);
    creation
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    creation
}

#[tokio::test]
async fn a_function_is_there_after_a_restart() {
    let bench = Bench::new();
    let created = bench.create("f").await;
    assert_eq!(created["FunctionArn"], ARN);
    assert_eq!(created["State"], "Active");
    assert_eq!(created["LastUpdateStatus"], "Successful");
    assert_eq!(
        (&created["Timeout"], &created["MemorySize"]),
        (&json!(3), &json!(128))
    );
    assert_eq!(
        created["Environment"],
        json!({"Variables": {"TABLE": "orders"}})
    );
    let bench = bench.restarted();
    bench.api.drop_unused_code("123456789012").await.unwrap();
    let (status, found) = bench
        .call(Method::GET, &format!("{FUNCTIONS}/f"), Value::Null)
        .await;
    assert_eq!((status, &found["Configuration"]), (200, &created));
    assert_eq!(found["Tags"], json!({"team": "a"}));
    let folder = found["Code"]["Location"]
        .as_str()
        .unwrap()
        .strip_prefix("file://")
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(format!("{folder}/bootstrap")).unwrap(),
        "1"
    );
}

#[tokio::test]
async fn code_that_no_function_has_goes() {
    let bench = Bench::new();
    bench.create("f").await;
    bench.create("g").await;
    let path = format!("{FUNCTIONS}/f/code");
    let (status, updated) = bench
        .call(Method::PUT, &path, json!({"ZipFile": package("2")}))
        .await;
    assert_eq!(status, 200, "{updated}");
    let packages = || {
        std::fs::read_dir(bench.folder.path().join("code/123456789012"))
            .unwrap()
            .count()
    };
    bench.api.drop_unused_code("123456789012").await.unwrap();
    assert_eq!(packages(), 2);
    bench
        .call(Method::DELETE, &format!("{FUNCTIONS}/g"), Value::Null)
        .await;
    bench.api.drop_unused_code("123456789012").await.unwrap();
    assert_eq!(packages(), 1);
}

#[tokio::test]
async fn functions_are_found_by_all_their_names() {
    let bench = Bench::new();
    bench.create("f").await;
    for name in [
        "f",
        "function:f",
        "123456789012:function:f",
        "123456789012%3Afunction%3Af%3A%24LATEST",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af",
        "f?Qualifier=%24LATEST",
    ] {
        let path = match name.split_once('?') {
            Some((name, query)) => format!("{FUNCTIONS}/{name}/configuration?{query}"),
            None => format!("{FUNCTIONS}/{name}/configuration"),
        };
        let (status, found) = bench.call(Method::GET, &path, Value::Null).await;
        assert_eq!(
            (status, &found["FunctionName"]),
            (200, &json!("f")),
            "{name}"
        );
    }
    let check = async |name: &str, expected: Expect| {
        expected.assert_eq(
            &bench
                .error(Method::GET, &format!("{FUNCTIONS}/{name}"), Value::Null)
                .await,
        );
    };
    check("g", expect!["404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:g"]).await;
    check("f:PROD", expect!["404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:PROD"]).await;
    check("210987654321:function:f", expect!["404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:210987654321:function:f"]).await;
}

#[tokio::test]
async fn what_cannot_be_created_says_why_and_leaves_nothing() {
    let bench = Bench::new();
    let check = async |wanted: Value, expected: Expect| {
        expected.assert_eq(&bench.error(Method::POST, FUNCTIONS, wanted).await);
    };
    check(with("f", json!({"Runtime": "java21"})), expect!["400 InvalidParameterValueException: The runtime java21 is not available on this function host; it serves python3.x, nodejs*, and executables (provided, provided.al2, provided.al2023)."]).await;
    check(with("f", json!({"Timeout": 901, "MemorySize": 64})), expect!["400 ValidationException: 2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900; Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"]).await;
    check(with("f", json!({"Role": "nobody"})), expect![[r"400 ValidationException: 1 validation error detected: Value 'nobody' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"]]).await;
    check(with("f", json!({"Role": null, "Code": null})), expect!["400 ValidationException: 2 validation errors detected: Value null at 'role' failed to satisfy constraint: Member must not be null; Value null at 'code' failed to satisfy constraint: Member must not be null"]).await;
    check(with("f", json!({"Handler": null})), expect!["400 InvalidParameterValueException: Runtime and Handler are mandatory parameters for functions created with deployment packages."]).await;
    check(with("f", json!({"Code": {"ZipFile": BASE64.encode("no zip")}})), expect!["400 InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload again."]).await;
    check(
        with("f", json!({"Code": {"ZipFile": ""}})),
        expect!["400 InvalidParameterValueException: Uploaded file must be a non-empty zip"],
    )
    .await;
    check(with("f", json!({"Code": {"S3Bucket": "b", "S3Key": "k"}})), expect!["400 InvalidParameterValueException: Code from S3 is not available on this server: give the package itself as ZipFile."]).await;
    check(with("f", json!({"Environment": {"Variables": {"AWS_REGION": "x"}}})), expect!["400 InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"]).await;
    check(
        with("f", json!({"Layers": ["x"]})),
        expect!["400 InvalidParameterValueException: Layers are not available on this server."],
    )
    .await;
    check(json!(["no object"]), expect!["400 InvalidRequestContentException: Could not parse request body into json: The request body must be a JSON object"]).await;
    let (_, listed) = bench.call(Method::GET, FUNCTIONS, Value::Null).await;
    assert_eq!(listed, json!({"Functions": []}));
    bench.create("f").await;
    check(
        creation("f"),
        expect!["409 ResourceConflictException: Function already exist: f"],
    )
    .await;
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let bench = Bench::new();
    let created = bench.create("f").await;
    let path = format!("{FUNCTIONS}/f/configuration");
    let (_, changed) = bench
        .call(
            Method::PUT,
            &path,
            json!({"Timeout": 10, "TracingConfig": {"Mode": "Active"}}),
        )
        .await;
    assert_eq!(
        (&changed["Timeout"], &changed["TracingConfig"]),
        (&json!(10), &json!({"Mode": "Active"}))
    );
    assert_eq!(changed["Environment"], created["Environment"]);
    assert_ne!(changed["RevisionId"], created["RevisionId"]);
    let stale = json!({"Timeout": 11, "RevisionId": created["RevisionId"]});
    expect!["412 PreconditionFailedException: The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"]
        .assert_eq(&bench.error(Method::PUT, &path, stale).await);
}

#[tokio::test]
async fn functions_are_listed_by_page_and_region() {
    let bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.create(name).await;
    }
    let names = |page: &Value| {
        let functions = page["Functions"].as_array().unwrap().iter();
        functions
            .map(|f| f["FunctionName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (_, first) = bench
        .call(Method::GET, &format!("{FUNCTIONS}?MaxItems=2"), Value::Null)
        .await;
    assert_eq!(
        (names(&first), &first["NextMarker"]),
        (vec!["a".to_owned(), "b".to_owned()], &json!("b"))
    );
    let (_, rest) = bench
        .call(
            Method::GET,
            &format!("{FUNCTIONS}/?MaxItems=2&Marker=b"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (names(&rest), rest.get("NextMarker")),
        (vec!["c".to_owned()], None)
    );
    expect!["400 ValidationException: 1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"]
        .assert_eq(&bench.error(Method::GET, &format!("{FUNCTIONS}?MaxItems=0"), Value::Null).await);
}

#[tokio::test]
async fn tags_concurrency_and_permissions_are_kept() {
    let bench = Bench::new();
    bench.create("f").await;
    let tags = format!("/2017-03-31/tags/{}", aws::percent::encode(ARN));
    assert_eq!(
        bench
            .call(Method::POST, &tags, json!({"Tags": {"k": "v"}}))
            .await
            .0,
        204
    );
    assert_eq!(
        bench
            .call(
                Method::DELETE,
                &format!("{tags}?tagKeys=team&tagKeys=x"),
                Value::Null
            )
            .await
            .0,
        204
    );
    assert_eq!(
        bench.call(Method::GET, &tags, Value::Null).await,
        (200, json!({"Tags": {"k": "v"}}))
    );
    let put = "/2017-10-31/functions/f/concurrency";
    let get = "/2019-09-30/functions/f/concurrency";
    let reserved = json!({"ReservedConcurrentExecutions": 0});
    assert_eq!(
        bench.call(Method::GET, get, Value::Null).await,
        (200, json!({}))
    );
    assert_eq!(
        bench.call(Method::PUT, put, reserved.clone()).await,
        (200, reserved.clone())
    );
    assert_eq!(
        bench.call(Method::GET, get, Value::Null).await,
        (200, reserved)
    );
    expect!["429 TooManyRequestsException: Rate Exceeded."].assert_eq(
        &bench
            .error(
                Method::POST,
                &format!("{FUNCTIONS}/f/invocations"),
                json!({}),
            )
            .await,
    );
    let policy = format!("{FUNCTIONS}/f/policy");
    expect!["404 ResourceNotFoundException: The resource you requested does not exist."]
        .assert_eq(&bench.error(Method::GET, &policy, Value::Null).await);
    let permission = json!({"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "states.amazonaws.com"});
    assert_eq!(
        bench
            .call(Method::POST, &policy, permission.clone())
            .await
            .0,
        201
    );
    assert_eq!(bench.call(Method::POST, &policy, permission).await.0, 409);
    assert_eq!(
        bench
            .call(Method::DELETE, &format!("{policy}/s"), Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(
        bench
            .call(Method::DELETE, &format!("{policy}/s"), Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn an_invocation_is_checked_before_anything_runs() {
    let bench = Bench::new();
    bench.create("f").await;
    let check =
        async |name: &str, headers: &[(&'static str, &str)], body: &[u8], expected: Expect| {
            let path = format!("{FUNCTIONS}/{name}/invocations");
            expected.assert_eq(&shown(
                &bench.send(Method::POST, &path, headers, body).await,
            ));
        };
    check("g", &[], b"{}", expect!["404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:123456789012:function:g:$LATEST"]).await;
    check("f", &[], b"not json", expect![[r#"
        400 InvalidRequestContentException: Could not parse request body into json: Could not parse payload into json: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [Source: (byte[])"not json"; line: 1, column: 4]"#]]).await;
    check(
        "f",
        &[("content-type", "text/plain")],
        b"{}",
        expect!["415 UnsupportedMediaTypeException: Unsupported media type: text/plain"],
    )
    .await;
    check("f", &[("x-amz-invocation-type", "Later")], b"{}", expect!["400 ValidationException: 1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"]).await;
    check("f", &[("x-amz-client-context", "!")], b"{}", expect!["400 InvalidRequestContentException: Could not parse request body into json: Client context must be a valid Base64-encoded JSON object."]).await;
    let large = format!("\"{}\"", "x".repeat(6_291_455));
    check("f", &[], large.as_bytes(), expect!["413 RequestEntityTooLargeException: 6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"]).await;
    check(
        "f",
        &[("x-amz-invocation-type", "DryRun")],
        b"",
        expect!["204 : "],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_path_is_named() {
    let bench = Bench::new();
    let unknown = bench
        .error(Method::GET, &format!("{FUNCTIONS}/f/aliases"), Value::Null)
        .await;
    expect![
        "404 UnknownOperationException: Unknown operation: GET /2015-03-31/functions/f/aliases"
    ]
    .assert_eq(&unknown);
}
