// All that a page without a bundler may use, in one file: `edge-rooms-all.js`. Two files that each had the client in it
// would not know each other's clients.

export * from "../index.ts";
export * from "../offline/index.ts";
export * from "../push/push.ts";
export { shareTabs } from "../tabs/share-tabs.ts";
