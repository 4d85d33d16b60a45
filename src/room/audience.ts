import type { RoomConnection } from "./people/room-connection.ts";
import type { MessageNow } from "./relays/relay-calls.ts";

/** Who receives an event. */
export type Audience =
  /** `instead`: the sender asked for no echo, so its answer takes the place of the event. */
  | {
      readonly kind: "stored";
      readonly event: string;
      readonly instead?: { readonly on: RoomConnection; readonly answer: string };
      /** The message that it changes, if it does not say all of it. */
      readonly now?: MessageNow;
    }
  | {
      readonly kind: "signal";
      readonly event: string;
      readonly except: ReadonlySet<RoomConnection>;
      readonly to?: ReadonlySet<RoomConnection>;
      /** The same as `except` and `to`, for connections that the room may not know. */
      readonly by?: RoomConnection;
      readonly exceptUser?: string;
      readonly toUser?: string;
      /** An event with the same key replaces the earlier one of the same flush. */
      readonly replaces?: string;
    }
  | { readonly kind: "members" }
  /** To users only: an anonymous reader may not ask for receipts either. */
  | { readonly kind: "receipt" }
  /** Joins the open message `target`. Those that lack it get the whole message later. */
  | { readonly kind: "append"; readonly event: string; readonly target: number }
  /** To these only. A poll has no use for it, and would end with it. */
  | { readonly kind: "only"; readonly to: ReadonlySet<RoomConnection>; readonly toUser?: string };

/** An event, encoded. */
export type DeliveryEntry = Audience & { readonly json: string };
