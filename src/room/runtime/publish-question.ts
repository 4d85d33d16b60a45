// The question to the deployer's back end about one message: what is sent, and how its answer is read.

import { SIGNATURE_HEADER, signRequest } from "../../auth/authorize-webhook.ts";
import { requestJson } from "../../auth/request-json.ts";
import type { BeforePublishConfig } from "../../config/before-publish-config.ts";
import { encodeData, oversize } from "../../object/encode-data.ts";
import {
  accept,
  isRecord,
  type JsonObject,
  type Outcome,
  PUBLISH_ANSWER,
  refuse,
  reject,
} from "../../protocol/index.ts";
import { check } from "../../validation/check.ts";
import { validator } from "../../validation/validator.ts";
import type { Publishing } from "../before-publish.ts";
import type { Ruling } from "../ruling.ts";

/** Of the words that a sender reads, in UTF-16 units. */
const MAX_WORDS = 200;
/** Beside `data` in the answer. A back end may write each byte of `data` as three, such as `\u00e9` for a letter of two. */
const MAX_OTHER_BYTES = 4_096;
const BYTES_A_BYTE = 3;

const DEFAULT_WORDS = "this message was refused";

const answerForm = validator(PUBLISH_ANSWER);

export interface QuestionBounds {
  readonly withinMs: number;
  /** Of a message's `data`. */
  readonly maxBytes: number;
}

/** Rejects if there is no answer of the agreed form in time. A refusal is an answer. `now` in milliseconds. */
export async function askBeforePublish(
  { url, secret }: BeforePublishConfig,
  { data, ...question }: Publishing,
  { withinMs, maxBytes }: QuestionBounds,
  now: number,
): Promise<Outcome<Ruling>> {
  // `data` as it was encoded: it may be nested deeper than the engine encodes.
  const body = `${JSON.stringify(question).slice(0, -1)},"data":${data}}`;
  const headers = {
    "Content-Type": "application/json",
    [SIGNATURE_HEADER]: await signRequest(secret, body, now),
  };
  const most = BYTES_A_BYTE * maxBytes + MAX_OTHER_BYTES;
  const answer = readPublishAnswer(
    await requestJson(url, { method: "POST", headers, body }, most, withinMs),
    maxBytes,
  );
  if (answer === undefined) throw new Error("answered in another form");
  return answer;
}

/** `undefined`: it is not of the agreed form. A refusal counts whatever its words are: they are cut, or replaced. */
export function readPublishAnswer(answer: unknown, maxBytes: number): Outcome<Ruling> | undefined {
  if (!isRecord(answer)) return undefined;
  if (answer.action === "refuse") return reject(refuse("forbidden", wordsOf(answer)));
  const checked = check(answerForm, answer);
  if (!checked.ok) return undefined;
  const { action, data, flag } = checked.value;
  if (action === "flag") return flag === undefined ? undefined : accept({ flag });
  if (action !== "change") return accept({});
  const encoded = data === undefined ? undefined : encodeData(data);
  if (!encoded?.ok || oversize(encoded.value, maxBytes) !== undefined) return undefined;
  return accept({ data: encoded.value, ...(flag !== undefined && { flag }) });
}

function wordsOf({ message }: JsonObject): string {
  if (typeof message !== "string" || message.trim() === "") return DEFAULT_WORDS;
  const cut = message.slice(0, MAX_WORDS);
  // Not half a character.
  return message.length > MAX_WORDS ? cut.replace(/[\uD800-\uDBFF]$/, "") : cut;
}
