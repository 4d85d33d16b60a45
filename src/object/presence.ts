import { MAX_PRESENCE_BYTES, type PresenceCommand, type Refusal } from "../protocol/index.ts";
import { encodeData, oversize } from "./encode-data.ts";

/** Why a presence does not fit: it stands in attachments, which are small, and goes to every member. */
export function presenceRefusal({ data }: Pick<PresenceCommand, "data">): Refusal | undefined {
  const encoded = encodeData(data);
  return encoded.ok ? oversize(encoded.value, MAX_PRESENCE_BYTES) : encoded.refusal;
}
