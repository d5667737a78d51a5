/** A customer seen with a device between two instants, milliseconds since 1970; `firstMs` <= `lastMs`. */
export interface SeenDevice {
  userId: number;
  deviceId: number;
  firstMs: number;
  lastMs: number;
}
