// Judges messages before they are stored, by asking the deployer's back end. Also without an answer there is a decision:
// the topic says which. To have a message judged that comes another way, such as a scheduled one: `judge`, then give
// `asked: { ruling }` to `Publisher.publish`.

import { Outage } from "../../auth/outage.ts";
import { QuestionSlots } from "../../auth/question-slots.ts";
import { type BeforePublishConfig, withoutAnswer } from "../../config/before-publish-config.ts";
import type { Config } from "../../config/config.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import { accept, type Outcome, refuse, reject } from "../../protocol/index.ts";
import type { Publishing } from "../before-publish.ts";
import type { Ruling } from "../ruling.ts";
import { askBeforePublish } from "./publish-question.ts";

const NO_ANSWER = reject(
  refuse("overloaded", "this message cannot be judged now: send it again", { retryAfterMs: 2_000 }),
);

const unanswered = new LimitedLog("publish_unanswered");

/** What the rooms of this isolate share that ask one back end. */
interface Line {
  readonly slots: QuestionSlots;
  readonly outage: Outage;
}

export class PublishJudge {
  readonly #config: BeforePublishConfig;
  readonly #maxBytes: number;

  constructor(config: BeforePublishConfig, maxBytes: number) {
    this.#config = config;
    this.#maxBytes = maxBytes;
  }

  asksAbout(event: string): boolean {
    return withoutAnswer(this.#config.topics, event) !== undefined;
  }

  /** Whether messages of this event are refused where there is no answer. */
  closes(event: string): boolean {
    return withoutAnswer(this.#config.topics, event) === "closed";
  }

  /** How the message passes, or why its sender may not send it. Never rejects, and takes the time limit at most. */
  async judge(question: Publishing): Promise<Outcome<Ruling>> {
    const without = withoutAnswer(this.#config.topics, question.event);
    if (without === undefined) return accept({});
    try {
      return await this.#ask(question);
    } catch (error) {
      const { room, user, event: topic } = question;
      const why = without === "open" ? "its topic is open: it passed" : "its topic is closed: it was refused";
      unanswered.note(without, { room, user: user.id, topic, why, error }, Date.now());
      return without === "open" ? accept({}) : NO_ANSWER;
    }
  }

  async #ask(question: Publishing): Promise<Outcome<Ruling>> {
    const { slots, outage } = lineTo(this.#config);
    const from = Date.now();
    if (outage.isOn(from)) throw new Error("did not answer before");
    return slots.run(async () => {
      const now = Date.now();
      const withinMs = this.#config.timeoutMs - Math.max(0, now - from);
      if (withinMs <= 0) throw new Error("too many questions are under way");
      try {
        const answer = await askBeforePublish(
          this.#config,
          question,
          { withinMs, maxBytes: this.#maxBytes },
          now,
        );
        outage.answered();
        return answer;
      } catch (error) {
        outage.failed(question.user.id, Date.now());
        throw error;
      }
    });
  }
}

/** `undefined`: nobody is asked. */
export const publishJudge = ({ beforePublish, limits }: Config): PublishJudge | undefined =>
  beforePublish && new PublishJudge(beforePublish, limits.messageBytes);

/** By URL. Settings only change with a deployment, so there is one. */
const lines = new Map<string, Line>();

function lineTo({ url, timeoutMs }: BeforePublishConfig): Line {
  let line = lines.get(url);
  if (line === undefined) {
    const ports = { now: () => Date.now(), wait: (ms: number) => scheduler.wait(ms) };
    const times = { maxWaitMs: timeoutMs, withinMs: timeoutMs };
    line = { slots: new QuestionSlots(ports, times), outage: new Outage(() => Math.random()) };
    lines.set(url, line);
  }
  return line;
}
