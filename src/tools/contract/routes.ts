// The routes of the contract, as the documents need them.

import { isRecord } from "../../protocol/index.ts";

export interface ContractRoute {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly bodyLines?: unknown;
  readonly answer?: unknown;
  readonly answerLines?: unknown;
  readonly answerLastLine?: unknown;
  readonly answerType?: string;
}

/** All routes but the sockets. `contract`: with comments. */
export function readRoutes({
  HTTP_ROUTES,
  OTHER_ROUTES,
}: Readonly<Record<string, unknown>>): ContractRoute[] {
  if (!isRecord(HTTP_ROUTES) || !isRecord(OTHER_ROUTES)) throw new Error("the contract has no routes");
  return Object.entries({ ...HTTP_ROUTES, ...OTHER_ROUTES }).map(([route, described]) => {
    const [method = "", path = ""] = route.split(" ");
    return {
      method,
      path,
      operation: derivedOperation(method, path),
      ...(isRecord(described) ? described : {}),
    };
  });
}

/** `POST /v1/rooms/:room/messages/:seq/append` is `postRoomMessageAppend`. */
export function derivedOperation(method: string, path: string): string {
  const segments = path.split("/").slice(2);
  const words = segments.flatMap((segment, at) => {
    if (segment.startsWith(":")) return [];
    const isNamed = segments[at + 1]?.startsWith(":") === true;
    return segment.split(/[^A-Za-z0-9]+/).map((word) => (isNamed ? word.replace(/s$/, "") : word));
  });
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join(
    "",
  );
}
