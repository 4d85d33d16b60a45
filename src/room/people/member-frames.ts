// A list of members as frames: one, or as many as it takes if the list does not fit.

import { cutToFit } from "../../object/frames.ts";
import { exceedsBytes, type Member, type Members, pageBytesOf } from "../../protocol/index.ts";

/** `members` frames of at most `frameBytes`; a single member that is larger comes alone. All but the last have `more`. */
export function memberFrames(members: readonly Member[], frameBytes: number): string[] {
  const parts = cutToFit(
    members.map((member) => JSON.stringify(member)),
    pageBytesOf(frameBytes),
  );
  return parts.map((part, index) => {
    const more = index < parts.length - 1 ? ',"more":true' : "";
    return `{"type":"members","members":[${part.join(",")}]${more}}`;
  });
}

/** An event about members, cut into frames if it is a list that does not fit. */
export function fitMembers(json: string, frameBytes: number): string[] {
  if (!json.startsWith('{"type":"members",') || !exceedsBytes(json, pageBytesOf(frameBytes))) return [json];
  const { members }: Members = JSON.parse(json);
  return memberFrames(members, frameBytes);
}
