"""validate-order: is this an order that can be processed? Answers with its total and the number of pieces.

    {"orderId": "order-1001", "customer": {"name": "Ada"}, "lines": [{"sku": "TEA-EARL-GREY", "quantity": 2, "unitPrice": 7.50}]}

An error's class is its name in the state machine, where Retry and Catch look at it: `InvalidOrder`, `ServiceUnavailable`.
"""
import os
import tempfile


class InvalidOrder(Exception):
    """The order itself is wrong. Trying again cannot help."""


class ServiceUnavailable(Exception):
    """Something else is wrong, for now. Trying again may help."""


def handler(order, context):
    fail_as_told(order)
    problems = list(problems_of(order))
    if problems:
        raise InvalidOrder("; ".join(problems))
    lines = order["lines"]
    total = sum(line["quantity"] * line["unitPrice"] for line in lines)
    return {"total": round(total, 2), "items": sum(line["quantity"] for line in lines)}


def problems_of(order):
    if not order.get("orderId"):
        yield "the order has no orderId"
    if not order.get("lines"):
        yield "the order has no lines"
    for number, line in enumerate(order.get("lines") or [], start=1):
        if not line.get("sku"):
            yield f"line {number} has no sku"
        if not is_positive(line.get("quantity")):
            yield f"line {number} has the quantity {line.get('quantity')}"
        if not is_positive(line.get("unitPrice")):
            yield f"line {number} has the price {line.get('unitPrice')}"


def is_positive(value):
    return isinstance(value, (int, float)) and value > 0


def fail_as_told(order):
    """`"simulate": {"validationFailures": 2}` makes the first two invocations for an order fail, to show Retry.

    The count is in a file, because the next attempt may run in another process. The attempt that succeeds removes it, so that the same
    order shows the same again.
    """
    failures = (order.get("simulate") or {}).get("validationFailures", 0)
    if not failures:
        return
    name = "".join(c if c.isalnum() else "_" for c in str(order.get("orderId")))
    path = os.path.join(tempfile.gettempdir(), f"failures-of-{name}")
    with open(path, "a+") as file:
        file.seek(0)
        attempt = len(file.read()) + 1
        file.write("x")
    if attempt <= failures:
        raise ServiceUnavailable(f"the address service does not answer (attempt {attempt} of {failures} that fail)")
    os.remove(path)
