"""notify: tells the customer that the order is on its way. It gets all that the state machine has gathered, and its answer is the
execution's output."""


def handler(order, context):
    packages = order["packages"]
    parcels = sum(package["parcels"] for package in packages)
    message = f"Dear {order['customer']['name']}, {parcels} parcels are on their way to you."
    print(message)  # a shop sends a mail here
    return {
        "orderId": order["orderId"],
        "status": "SHIPPED",
        "total": order["validation"]["total"],
        "paymentId": order["fulfilment"]["payment"]["paymentId"],
        "reservationId": order["fulfilment"]["reservation"]["reservationId"],
        "packages": packages,
        "message": message,
    }
