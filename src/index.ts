import { createApp } from "./http/app.ts";

export { RegistryObject } from "./registry/runtime/registry-object.ts";
export { RelayObject } from "./relay/runtime/relay-object.ts";
export { RoomObject } from "./room/runtime/room-object.ts";
export { Rooms } from "./rpc/runtime/rooms.ts";
export { UserObject } from "./user/runtime/user-object.ts";

export default createApp();
