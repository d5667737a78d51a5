/** Gives zeroed memory: of this thread alone, or shared between threads. */
export type Allocate = (bytes: number) => ArrayBufferLike;

export const ownMemory: Allocate = (bytes) => new ArrayBuffer(bytes);

export const sharedMemory: Allocate = (bytes) => new SharedArrayBuffer(bytes);
