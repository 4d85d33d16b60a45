// An export over RPC: its bytes.

import { RpcTarget } from "cloudflare:workers";
import type { ExportedLines } from "../../../client/server/exported-lines.ts";
import type { ExportOfBinding } from "../../../client/server/rooms-binding.ts";

export class RpcExport extends RpcTarget implements ExportOfBinding {
  readonly #lines: () => Pick<ExportedLines, "bytes">;

  constructor(lines: () => Pick<ExportedLines, "bytes">) {
    super();
    this.#lines = lines;
  }

  /** The first piece is read here: of an error of the stream the caller would not see the code. */
  async bytes(): Promise<ReadableStream<Uint8Array>> {
    const reader = this.#lines().bytes().getReader();
    let piece = await reader.read();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (piece.done) return controller.close();
        controller.enqueue(piece.value);
        piece = await reader.read();
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }
}
