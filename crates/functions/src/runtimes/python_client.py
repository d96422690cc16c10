"""Stepwell's own client of the AWS Lambda Runtime API for Python: what serves functions where awslambdaric cannot be installed.

usage: stepwell_client.py <module.function>    (environment as on Lambda)

It does what awslambdaric does for one invocation at a time: the same context object, the same error payload, the same log lines.
"""
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = "/2018-06-01/runtime/"
ASCII = os.environ.get("AWS_EXECUTION_ENV", "") in ("AWS_Lambda_python3.%d" % minor for minor in range(6, 12))


class InitError(Exception):
    """Why a function cannot be served: Lambda's name for it, and the stack to show."""

    def __init__(self, kind, message, stack=()):
        super().__init__(message)
        self.kind, self.stack = kind, list(stack)


class Client:
    """The Runtime API over one connection that is kept."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(API)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, ROOT + path, body, headers or {})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise SystemExit("LAMBDA_RUNTIME Failed to call %s. Http response code: %d." % (path, response.status))
        return response, answer


class Cognito:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class ClientContext:
    def __init__(self, given):
        self.custom, self.env = given.get("custom"), given.get("env")
        self.client = type("Client", (), dict(given.get("client") or {}))()


class Context:
    """The second argument of a handler."""

    def __init__(self, headers):
        given = headers.get("Lambda-Runtime-Client-Context")
        self.aws_request_id = headers.get("Lambda-Runtime-Aws-Request-Id")
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self._deadline = int(headers.get("Lambda-Runtime-Deadline-Ms") or 0)
        self.client_context = ClientContext(json.loads(given)) if given else None
        self.identity = Cognito()
        self.tenant_id = None
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class LambdaLogs(logging.Handler):
    """Lambda's format of log records; `request_id` is the invocation's."""

    request_id = ""

    def emit(self, record):
        record.aws_request_id = LambdaLogs.request_id
        sys.stdout.write(self.format(record))


def set_up_logging():
    handler = LambdaLogs()
    form = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.getLogger().addHandler(handler)


def load(name):
    """The handler, or the InitError that Lambda gives."""
    module, dot, function = name.rpartition(".")
    if not dot:
        raise InitError("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    if module.split(".")[0] in sys.builtin_module_names:
        raise InitError("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module)
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, error))
    except SyntaxError as error:
        stack = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise InitError("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, error), stack)
    if not hasattr(loaded, function):
        raise InitError("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module))
    return getattr(loaded, function)


def describe(error, request_id):
    """Lambda's error payload of an exception, without the frames of this file and of the import machinery."""
    if isinstance(error, InitError):
        kind, stack = error.kind, error.stack
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        stack = traceback.format_list([(f.filename, f.lineno, f.name, f.line) for f in frames])
        kind = type(error).__name__
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": stack}


def log_error(payload):
    lines = ["[ERROR] %s: %s" % (payload["errorType"], payload["errorMessage"]), "Traceback (most recent call last):"]
    for frame in payload["stackTrace"]:
        for line in frame.splitlines():
            bare = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    sys.stdout.write("\r".join(lines) + "\n")


def marshal(answer):
    if isinstance(answer, bytes):
        return answer, "application/unknown"
    try:
        return json.dumps(answer, ensure_ascii=ASCII).encode(), "application/json"
    except Exception as error:
        raise InitError("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def serve(client, handler):
    response, event = client.call("GET", "invocation/next")
    request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
    path = "invocation/%s/" % request_id
    LambdaLogs.request_id = request_id
    os.environ["_X_AMZN_TRACE_ID"] = response.headers.get("Lambda-Runtime-Trace-Id") or ""
    try:
        try:
            event = json.loads(event)
        except ValueError as error:
            raise InitError("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        answer, content_type = marshal(handler(event, Context(response.headers)))
    except Exception as error:
        payload = describe(error, request_id)
        log_error(payload)
        client.call("POST", path + "error", json.dumps(payload), {"Lambda-Runtime-Function-Error-Type": payload["errorType"]})
    else:
        client.call("POST", path + "response", answer, {"Content-Type": content_type})


def main():
    sys.stdout.reconfigure(line_buffering=True, write_through=True)
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    set_up_logging()
    client = Client()
    try:
        handler = load(sys.argv[1])
    except Exception as error:
        payload = describe(error, "")
        log_error(payload)
        client.call("POST", "init/error", json.dumps(payload), {"Lambda-Runtime-Function-Error-Type": payload["errorType"]})
        sys.exit(1)
    while True:
        serve(client, handler)


main()
