//! The HTTP/1.1 listener: bounded reads, one request at a time per connection, an answer for everything.
//!
//! Limits: headers 32 KiB, within 20 s of the request before (an idle connection is closed, too: clients open another),
//! bodies as in `body`, answers as in `socket`, and everything in sum as in `roster`. A client that breaks one, or is too
//! slow while others need the room, loses its connection; it costs nobody else anything.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::roster::{Held, Place, Room, Roster, Turn};
use super::socket::{Flow, Socket};
use super::{Patience, Request, Response, Weight, body, refusal};
use crate::api::Services;
use crate::api::demand::{self, Demand, Waits};

const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
const HEADER_BYTES: usize = 32 * 1024;
/// Connections at a time.
const CONNECTIONS: usize = 8_192;
/// Descriptors that connections leave to the store, the functions and their pipes.
const RESERVED_DESCRIPTORS: usize = 512;
/// Requests and answers at a time, in bytes beyond the first few of each; a function's package fits.
const BYTES: usize = 128 * 1024 * 1024;
/// How long a connection may hold bytes that others need.
const PATIENCE: Duration = Duration::from_secs(2);
/// When the server stops: how long a client may take to send the rest of a request, or to read its answer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What every request gets that its sender does not say.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Twelve digits.
    pub account: Arc<str>,
    /// For requests that are not signed.
    pub region: Arc<str>,
}

/// Serves until `stop` says so, then lets the requests under way finish, for at most `drain`.
pub async fn serve(
    listener: TcpListener,
    services: Arc<Services>,
    defaults: Defaults,
    mut stop: watch::Receiver<bool>,
    drain: Duration,
) {
    let most = most_connections();
    let roster = Roster::new(Room {
        connections: most,
        bytes: BYTES,
        requests: most,
        waiting: most / 2,
        waiting_bytes: BYTES / 2,
        patience: PATIENCE,
    });
    let front = Arc::new(Front {
        services,
        defaults,
        roster: roster.clone(),
    });
    tokio::select! {
        () = accept(listener, front, stop.clone()) => {}
        () = stopped(&mut stop) => {}
    }
    if tokio::time::timeout(drain, empty(&roster)).await.is_err() {
        tracing::warn!("requests are given up");
    }
}

/// What all connections share.
struct Front {
    services: Arc<Services>,
    defaults: Defaults,
    roster: Arc<Roster>,
}

impl Front {
    /// Leave to perform a request. Whoever is refused may have to wait for it.
    async fn turn(
        &self,
        head: &hyper::http::request::Parts,
        waits: Waits,
        held: &mut Held,
    ) -> Option<Turn> {
        let target = head.headers.get("x-amz-target");
        let target = target.and_then(|target| target.to_str().ok());
        if let Some(pause) = self.services.refused_after(target.unwrap_or_default()) {
            tokio::time::sleep(pause).await;
            return None;
        }
        match waits {
            Waits::Never | Waits::Shortly => self.roster.perform(),
            Waits::ForItsClient | Waits::ToItsEnd => self.roster.perform_waiting(held),
        }
    }
}

async fn accept(listener: TcpListener, front: Arc<Front>, stop: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let place = front.roster.enter().await;
                let client = Client::new(front.clone(), place);
                tokio::spawn(connection(stream, peer, client, stop.clone()));
            }
            Err(error) => {
                // Out of descriptors, mostly: give the connections that are open time to end.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Waits for the last requests; clients that neither send nor read are not waited for.
async fn empty(roster: &Roster) {
    let mut tick = tokio::time::interval(LAST_WORDS / 4);
    loop {
        tokio::select! {
            () = roster.empty() => return,
            _ = tick.tick() => roster.close_idle(LAST_WORDS),
        }
    }
}

/// As many as the process's descriptors allow; its soft limit is raised to the hard one first.
fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let descriptors = current.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    descriptors
        .saturating_sub(RESERVED_DESCRIPTORS)
        .clamp(64, CONNECTIONS)
}

/// Waits until the server is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and so is the server.
    let _ = stop.wait_for(|stop| *stop).await.map(|_| ());
}

/// One connection's part in everything.
struct Client {
    front: Arc<Front>,
    place: Place,
    flow: Arc<Flow>,
}

impl Client {
    fn new(front: Arc<Front>, place: Place) -> Arc<Client> {
        let flow = Flow::new(&place);
        Arc::new(Client { front, place, flow })
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    client: Arc<Client>,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let socket = Socket::new(stream, client.flow.clone());
    let (answering, stopping) = (client.clone(), stop.clone());
    let service = service_fn(move |request| {
        let (client, stop) = (answering.clone(), stopping.clone());
        async move { Ok::<_, Infallible>(answer(request, &client, stop).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = client.place.told_to_leave() => return tracing::debug!(%peer, "connection closed for others"),
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = client.place.told_to_leave() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    client: &Client,
    stop: watch::Receiver<bool>,
) -> hyper::Response<Full<Bytes>> {
    client.flow.taken().await;
    client.flow.head_read(client.place.hold());
    client.place.theirs();
    let request_id = uuid::Uuid::new_v4().to_string();
    // Gone with this future when the client hangs up.
    let (patience, _waits) = Patience::of(stop);
    let mut held = client.place.hold();
    let (head, body) = request.into_parts();
    let demand = demand::of(&head);
    let response = match read(&head, body, demand, &mut held).await {
        Ok(body) => match client.front.turn(&head, demand.waits, &mut held).await {
            Some(turn) => {
                client.place.ours();
                let request = address(head, body, &client.front.defaults, request_id.clone());
                let request = Request {
                    patience,
                    weight: Weight::of(held),
                    ..request
                };
                perform(request, client.front.services.clone(), demand.waits, turn).await
            }
            None => refusal::throttled(&head),
        },
        Err(refusal) => refusal,
    };
    let mut answer = client.place.hold();
    answer.grow_anyway(body::counted(response.body.len()));
    client.flow.answered(answer);
    client.place.theirs();
    write(response, &request_id)
}

/// In a task of its own: a client that hangs up must not leave an operation half done, unless it does nothing but wait.
async fn perform(request: Request, services: Arc<Services>, waits: Waits, turn: Turn) -> Response {
    let performed = tokio::spawn(async move {
        let patience = request.patience.clone();
        let answered = services.answer(request);
        let response = match waits {
            Waits::ForItsClient => tokio::select! {
                biased;
                response = answered => response,
                () = patience.client_is_gone() => refusal::nobody_waits(),
            },
            _ => answered.await,
        };
        drop(turn);
        response
    });
    performed.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request has panicked");
        refusal::internal()
    })
}

async fn read(
    head: &hyper::http::request::Parts,
    body: Incoming,
    demand: Demand,
    held: &mut Held,
) -> Result<Bytes, Response> {
    if head.headers.contains_key("origin") {
        return Err(refusal::from_a_web_page());
    }
    body::read(body, demand.body, held)
        .await
        .map_err(|trouble| refusal::of_body(&trouble, head))
}

/// Finds out for whom the request is signed.
fn address(
    head: hyper::http::request::Parts,
    body: Bytes,
    defaults: &Defaults,
    request_id: String,
) -> Request {
    let scope = signature(&head);
    Request {
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        method: head.method,
        headers: head.headers,
        body,
        account: defaults.account.clone(),
        region: scope
            .as_ref()
            .filter(|scope| aws::arn::is_region(&scope.region))
            .map_or_else(
                || defaults.region.clone(),
                |scope| scope.region.as_str().into(),
            ),
        signed_service: scope.map(|scope| scope.service),
        request_id,
        patience: Patience::default(),
        weight: Weight::default(),
    }
}

fn signature(head: &hyper::http::request::Parts) -> Option<aws::sigv4::CredentialScope> {
    let header = head
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let authorization = match header {
        Some(header) => aws::sigv4::Authorization::parse_header(header).ok()?.scope,
        None => {
            aws::sigv4::Authorization::parse_query(head.uri.query()?)?
                .ok()?
                .scope
        }
    };
    Some(authorization)
}

fn write(response: Response, request_id: &str) -> hyper::Response<Full<Bytes>> {
    let mut answer = hyper::Response::new(Full::new(response.body.clone()));
    *answer.status_mut() = hyper::StatusCode::from_u16(response.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    if !response.content_type.is_empty() {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(response.content_type),
        );
    }
    if response.status != 204 {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", value);
    }
    for (name, value) in &response.headers {
        let name = hyper::header::HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    answer
}
