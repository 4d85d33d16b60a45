// The event map of the tests, which send any JSON under any name. What applications have is tested in `test/types`.

declare module "../../client/events/event-map.ts" {
  interface Register {
    readonly events: Record<string, unknown>;
  }
}

export {};
