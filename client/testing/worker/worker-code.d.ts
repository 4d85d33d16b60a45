// The code of the Worker, `src/index.ts`, as a function: the build bundles it and puts it here
// (`src/tools/worker-code.ts`). Each call makes the code anew, with the globals that it is given and nothing else of the
// platform that tells time, waits or reaches out.

import type { WebSocketEnd } from "./web-socket-pair.ts";
import type { WorkerGlobals } from "./worker-globals.ts";
import type { WorkerRequest } from "./worker-request.ts";
import type { WorkerResponse } from "./worker-response.ts";

/** One object of Durable Objects. Its other methods are called over RPC, by their names. */
export interface ObjectCode {
  fetch(request: WorkerRequest): Promise<WorkerResponse>;
  webSocketMessage(socket: WebSocketEnd, frame: string): void | Promise<void>;
  webSocketClose(socket: WebSocketEnd, code: number, reason: string): void | Promise<void>;
  alarm(): Promise<void>;
}

type ObjectClass = new (state: object, env: object) => ObjectCode;

export interface WorkerCode {
  readonly RoomObject: ObjectClass;
  readonly UserObject: ObjectClass;
  readonly RegistryObject: ObjectClass;
  readonly default: {
    fetch(request: WorkerRequest, env: object, context: object): WorkerResponse | Promise<WorkerResponse>;
  };
}

export default function makeWorkerCode(globals: WorkerGlobals): WorkerCode;
