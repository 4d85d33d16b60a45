// The rooms on the sessions of a user, joined to the back end, the log and the runtime.

import { authorizeRoom, permitted, takesQuestion } from "../../auth/authorize-room.ts";
import type { Config } from "../../config/config.ts";
import { log } from "../../log/log.ts";
import { randomId } from "../../object/runtime/random-id.ts";
import { SessionRooms, type SessionRoomsPorts } from "../user-side/session-rooms.ts";

type RuntimePorts =
  | "authorizeToRead"
  | "asksBackEnd"
  | "newJoin"
  | "unreachable"
  | "callFailed"
  | "sessionFailed";

export const sessionRooms = (config: Config, ports: Omit<SessionRoomsPorts, RuntimePorts>): SessionRooms =>
  new SessionRooms({
    ...ports,
    authorizeToRead: async (token, room) => {
      const actor = await authorizeRoom(config, token, room);
      if (!actor.ok) return actor;
      const reader = permitted(config, token, actor.value, "read");
      return reader.ok ? reader : { ...reader, refusal: { ...reader.refusal, path: ["room"] } };
    },
    asksBackEnd: (token, room) => takesQuestion(config, token, room),
    newJoin: () => randomId().slice(0, 8),
    unreachable: (operation, room, user, error) => log("room_unreachable", { operation, room, user, error }),
    callFailed: (room, connection, error) => log("room_call_failed", { room, connection, error }),
    sessionFailed: (room, user, error) => log("session_failed", { room, user, error }),
  });
