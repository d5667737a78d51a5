/** Bus topic: rows were put down for the channels; who delivers looks. The message says nothing. */
export const ALERT_DELIVERY_TOPIC = 'alert-delivery';
