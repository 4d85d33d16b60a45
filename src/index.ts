import { createApp } from "./http/app.ts";

export { RoomObject } from "./room/room-object.ts";
export { UserObject } from "./user/user-object.ts";

export default createApp();
