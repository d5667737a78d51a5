import { z } from 'zod';

/** Bus topic of erasures; sent after they are committed. Who reads it reads the tombstones again. */
export const ERASED_TOPIC = 'erased';
export const erasedMessage = z.object({ id: z.uuid() });
export type Erased = z.infer<typeof erasedMessage>;
