// `edge-rooms/testing`: for the tests of an app. It holds the whole server, so no page should import it.

export type { LossOptions } from "./loss.ts";
export {
  createTestRooms,
  type TestClientOptions,
  type TestClock,
  type TestNetwork,
  type TestRooms,
  type TestRoomsOptions,
} from "./test-rooms.ts";
export type { TestSettings } from "./worker/test-settings.ts";
