import { createApp } from "./http/app.ts";

export { RoomObject } from "./room/runtime/room-object.ts";
export { UserObject } from "./user/runtime/user-object.ts";

export default createApp();
