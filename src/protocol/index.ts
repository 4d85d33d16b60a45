// The contract: what client and server both import. It depends on nothing.

export * from "./answers.ts";
export * from "./chat.ts";
export * from "./commands.ts";
export * from "./content.ts";
export * from "./envelopes.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./frames.ts";
export * from "./http-answers.ts";
export * from "./http-bodies.ts";
export * from "./http-queries.ts";
export * from "./http-routes.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./notifications.ts";
export * from "./polling.ts";
export * from "./portable.ts";
export * from "./preferences.ts";
export * from "./refusals.ts";
export * from "./scheduled.ts";
export * from "./schema.ts";
export * from "./streams.ts";
export * from "./text-size.ts";
export * from "./version.ts";
export * from "./webhooks.ts";
export * from "./words.ts";
