import { Hono } from "hono";
import { authorizeRoom } from "../auth/authorize-room.ts";
import { includes } from "../auth/room-permission.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { AppEnv } from "./app-env.ts";
import { callAsUser, callInRoom } from "./call-actor.ts";
import { userStub } from "./objects.ts";
import { namedRoom } from "./path-names.ts";
import { accepted, refusing } from "./refusal-error.ts";

/** Under `/v1/me/rooms`. */
export const followedRooms = new Hono<AppEnv>()
  .get("/", async (c) => {
    const token = await callAsUser(c);
    const user = userStub(c, token.identity.user.id);
    const followed = await user.followedRooms();
    // Whoever may not read a room any more learns nothing of it.
    const allowed = await mapBounded(followed, async (room) => {
      const actor = await authorizeRoom(c.get("config"), token, room);
      return actor.ok && includes(actor.value.permission, "read");
    });
    const rooms = followed.filter((_, at) => allowed[at]);
    const standings = await user.standingsIn(rooms);
    const listed = rooms.flatMap((room, at) => {
      const standing = standings[at];
      return standing ? [{ room, ...standing }] : [];
    });
    return c.json({ rooms: listed });
  })
  .put("/:room", async (c) => {
    const { room, actor } = await callInRoom(c, "read");
    if (actor.identity.kind === "anonymous") throw refusing("unauthorized", "this call takes a user's token");
    if (actor.identity.kind !== "user")
      throw refusing("forbidden", "this call acts for a user: send their token");
    accepted(await userStub(c, actor.identity.user.id).follow(room));
    return c.json({});
  })
  .delete("/:room", async (c) => {
    const { identity } = await callAsUser(c);
    await userStub(c, identity.user.id).unfollow(namedRoom(c));
    return c.json({});
  });
