// process-payment: takes the money for an order.
//
//     {"orderId": "order-1001", "amount": 86.0, "payment": {"method": "card", "token": "tok_visa"}}
//
// A task is run at least once: after a crash the state machine may ask again for a payment that was made already. So the payment's
// id follows from the order's, and a payment service would recognise it and charge nobody twice.

class PaymentDeclined extends Error {
  constructor(message) {
    super(message);
    this.name = "PaymentDeclined"; // the error's name in the state machine
  }
}

export const handler = async ({ orderId, amount, payment }) => {
  if (payment?.token === "tok_declined") throw new PaymentDeclined(`the ${payment.method} for ${orderId} was declined`);
  console.log(`${orderId}: took ${amount}`);
  return { paymentId: `pay-${orderId}`, amount, status: "captured" };
};
