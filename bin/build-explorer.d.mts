/** Fills `outDir` with the explorer's static files; does nothing when they are up to date. */
export function buildExplorer(outDir: string): Promise<void>;
