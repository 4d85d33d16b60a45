// The event map of the type tests: its names have both separators, and data of every kind.

import type { ChatData, Client, RoomHandle } from "../../client/index.ts";
import type { ServerApi } from "../../client/server/index.ts";

export interface Task {
  readonly id: number;
  readonly title: string;
}

export interface BoardEvents {
  chat: ChatData;
  "task.created": Task;
  "task.moved": { readonly id: number; readonly column: string };
  "task:archived": readonly number[];
  tasks: string;
  ping: null;
}

export declare const client: Client<BoardEvents>;
export declare const room: RoomHandle<BoardEvents>;
export declare const server: ServerApi<BoardEvents>;
/** Of an application without a map. */
export declare const plainRoom: RoomHandle;
export declare const plainServer: ServerApi;
export declare const task: Task;
