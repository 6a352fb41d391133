/** The protocol between a file source and the thread that reads its file. */
export type { ReadInputMessage, ReadInputTask } from '../sources/file/file.ts';

/** To the reading thread: one more chunk may be read, or nobody wants any more. */
export type ToReadInput = { readonly kind: 'credit' } | { readonly kind: 'cancel' };

/** How many chunks the reader may be ahead. */
export const READ_AHEAD_CHUNKS = 3;
