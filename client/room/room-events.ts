import type {
  CaughtUp,
  MemberJoined,
  MemberLeft,
  Members,
  MemberUpdated,
  Message,
  MessageDeleted,
  MessageUpdated,
  OccupancyChanged,
  Reaction,
  Receipt,
  RoomConnected,
  Signal,
} from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { RoomsError } from "../util/errors.ts";

/** What `room.on` can listen to. Sequenced events come once each, also from a replay. */
export interface RoomEvents {
  message: Message;
  messageUpdated: MessageUpdated;
  messageDeleted: MessageDeleted;
  reaction: Reaction;
  signal: Signal;
  memberJoined: MemberJoined;
  memberUpdated: MemberUpdated;
  memberLeft: MemberLeft;
  members: Members;
  occupancy: OccupancyChanged;
  receipt: Receipt;
  connected: RoomConnected;
  caughtUp: CaughtUp;
  state: ConnectionState;
  /** The log has passed what was held, or is another one: `messages` is replaced by what follows. */
  lost: RoomConnected;
  /** A refusal that no promise tells of, or what ended the connection for good. */
  error: RoomsError;
}
