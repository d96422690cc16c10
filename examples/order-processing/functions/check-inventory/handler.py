"""check-inventory: is everything on the order in stock? That it is not is an answer, not an error: the state machine chooses what to do.

    {"inStock": false, "missing": [{"sku": "SAMOVAR-BRASS", "wanted": 3, "available": 1}]}
"""

# A shop has a database here. Whatever is not listed, there is enough of.
STOCK = {"SAMOVAR-BRASS": 1}
PLENTY = 10_000


def handler(order, context):
    missing = [
        {"sku": sku, "wanted": wanted, "available": STOCK.get(sku, PLENTY)}
        for sku, wanted in wanted_by(order).items()
        if wanted > STOCK.get(sku, PLENTY)
    ]
    print(f"{order['orderId']}: {len(missing)} articles are short")
    return {"inStock": not missing, "missing": missing}


def wanted_by(order):
    """An article may be on several lines."""
    wanted = {}
    for line in order["lines"]:
        wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
    return wanted
