// The binding to TanStack Query, of any framework: `edge-rooms/tanstack-query`.

export { type InvalidateOptions, type Invalidates, invalidateOn } from "./invalidate-on.ts";
