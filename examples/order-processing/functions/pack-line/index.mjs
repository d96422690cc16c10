// pack-line: packs one line of an order; the state machine's Map calls it once per line.
//
//     {"orderId": "order-1001", "lineNumber": 1, "line": {"sku": "TEA-EARL-GREY", "quantity": 2, "unitPrice": 7.5}}

const PIECES_IN_A_PARCEL = 10;

export const handler = async ({ orderId, lineNumber, line }) => ({
  packageId: `${orderId}-${lineNumber}`,
  sku: line.sku,
  parcels: Math.ceil(line.quantity / PIECES_IN_A_PARCEL),
});
