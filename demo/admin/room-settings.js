// The settings of a room.

import { element } from "../ui/dom.js";
import { confirmFewer, confirmShorter } from "./confirm.js";
import { createForm, labelled } from "./forms.js";

/** @import { OwnSettings } from "../../src/protocol/index.ts" */
/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

/** @param {string} room @param {Api} api @param {Results} results */
export function createSettings(room, api, results) {
  const number = () => element("input", { type: "number", min: 0, step: 1, inputmode: "numeric" });
  const fields = {
    slowModeMs: labelled("Slow mode", number(), "Milliseconds between two messages of a member; 0 is off."),
    maxConnections: labelled("Most connections", number()),
    maxAgentTurns: labelled(
      "Most turns of agents",
      number(),
      "Answers of agents that may follow each other until a user says something; 0 is no limit.",
    ),
    historyLimit: labelled("Messages that are kept", number(), "Fewer than now: the oldest are deleted."),
    historySeconds: labelled(
      "Seconds that a message is kept",
      number(),
      "Older messages are deleted; 0 is no limit.",
    ),
  };
  const names = /** @type {(keyof OwnSettings)[]} */ (Object.keys(fields));
  /** As the server said last. @type {OwnSettings | undefined} */
  let shown;

  /** @param {OwnSettings} settings */
  function show(settings) {
    for (const name of names) {
      const { control } = fields[name];
      // What was typed and not saved stays.
      if (shown === undefined || control.value === String(shown[name]))
        control.value = String(settings[name]);
    }
    shown = settings;
  }

  async function onSubmit() {
    for (const name of names) {
      const { control, judge } = fields[name];
      if (!judge(Number.isInteger(control.valueAsNumber) ? "" : "Enter a whole number.")) return;
    }
    const changed = names.filter((name) => fields[name].control.valueAsNumber !== shown?.[name]);
    if (changed.length === 0) return results.say("Nothing was changed.");
    const limit = fields.historyLimit.control.valueAsNumber;
    if (shown !== undefined && limit < shown.historyLimit && !(await confirmFewer(limit))) return;
    const seconds = fields.historySeconds.control.valueAsNumber;
    if (isShorter(seconds, shown?.historySeconds) && !(await confirmShorter(seconds))) return;
    const settings = Object.fromEntries(changed.map((name) => [name, fields[name].control.valueAsNumber]));
    await results.attempt(api.setSettings(room, settings), (answer) => {
      shown = answer.settings;
      return "The settings were saved.";
    });
  }

  const boxes = names.map((name) => fields[name].box);
  return { root: createForm("Settings", "Save settings", boxes, onSubmit), show };
}

/** Of retention in seconds, where 0 is no limit. @param {number} next @param {number} [before] */
const isShorter = (next, before = 0) => next > 0 && (before === 0 || next < before);
